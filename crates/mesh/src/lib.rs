//! Assembly: control, proxies and world in one process, behind one admin API.
