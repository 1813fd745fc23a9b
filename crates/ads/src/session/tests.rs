//! The state machines, message by message, and as a conversation over two queues.

mod conversation;
mod server;
