//! `ClientHello`s, whole and broken.

use proptest::prelude::*;

use super::*;

/// The handshake message of a client that wants `name` and offers `alpn`.
pub(crate) fn message(name: Option<&[u8]>, alpn: &[&[u8]]) -> Vec<u8> {
    let mut extensions = extension(0x0A0A, &[]);
    if let Some(name) = name {
        let entry = [&[HOST_NAME][..], &list16(name)].concat();
        extensions.extend(extension(SERVER_NAME, &list16(&entry)));
    }
    extensions.extend(extension(43, &[2, 3, 4]));
    if !alpn.is_empty() {
        let names: Vec<u8> = alpn.iter().flat_map(|name| list8(name)).collect();
        extensions.extend(extension(ALPN, &list16(&names)));
    }
    let body = [
        &[3, 3][..],
        &[7; 32],
        &list8(&[9; 32]),
        &list16(&[0x13, 0x01, 0x13, 0x02]),
        &list8(&[0]),
        &list16(&extensions),
    ]
    .concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[CLIENT_HELLO], &length[1..], &body].concat()
}

/// `message` in records of at most `size` bytes.
pub(crate) fn records(message: &[u8], size: usize) -> Vec<u8> {
    let record = |part: &[u8]| [&[HANDSHAKE, 3, 1][..], &list16(part)].concat();
    message.chunks(size).flat_map(record).collect()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &list16(content)].concat()
}

fn list8(content: &[u8]) -> Vec<u8> {
    [&[u8::try_from(content.len()).unwrap()][..], content].concat()
}

fn list16(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&length[..], content].concat()
}

#[track_caller]
fn check(name: Option<&[u8]>, alpn: &[&[u8]], wanted: Option<(Option<&str>, &[&str])>) {
    let wanted = wanted.map_or(Hello::IsNot, |(name, alpn)| {
        Hello::Is(ClientHello {
            server_name: name.map(str::to_owned),
            alpn: alpn.iter().map(|name| (*name).to_owned()).collect(),
        })
    });
    let hello = message(name, alpn);
    for size in [1, 3, 100, RECORD] {
        assert_eq!(
            client_hello(&records(&hello, size)),
            wanted,
            "in records of {size}"
        );
    }
}

#[test]
fn names_are_found() {
    check(
        Some(b"a.Example.COM"),
        &[b"h2", b"http/1.1"],
        Some((Some("a.example.com"), &["h2", "http/1.1"])),
    );
    check(None, &[b"istio"], Some((None, &["istio"])));
    check(Some(b"a"), &[], Some((Some("a"), &[])));
    check(None, &[], Some((None, &[])));
    check(None, &[b"\xFA\xFA"], Some((None, &["\u{FFFD}\u{FFFD}"])));
}

#[test]
fn a_name_that_would_break_a_log_line_counts_as_none() {
    check(Some(b"a\nb"), &[], Some((None, &[])));
    check(Some(b"a b"), &[], Some((None, &[])));
    check(Some("ü".as_bytes()), &[], Some((None, &[])));
}

#[test]
fn broken_extensions_are_not_tls() {
    check(Some(b""), &[], None);
    check(Some(&[b'a'; 256]), &[], None);
    check(None, &[b""], None);
}

#[test]
fn what_is_not_a_client_hello_is_noticed_early() {
    assert_eq!(client_hello(b"G"), Hello::IsNot);
    assert_eq!(client_hello(&[HANDSHAKE, b'E']), Hello::IsNot);
    assert_eq!(client_hello(&[23]), Hello::IsNot);
    assert_eq!(client_hello(&[HANDSHAKE, 3, 1, 0, 0]), Hello::IsNot);
    assert_eq!(client_hello(&[HANDSHAKE, 3, 1, 0xFF, 0xFF]), Hello::IsNot);
    let server_hello = [HANDSHAKE, 3, 3, 0, 4, 2, 0, 0, 0];
    assert_eq!(client_hello(&server_hello), Hello::IsNot);
    assert_eq!(
        client_hello(&records(&[CLIENT_HELLO, 0, 0, 0], 9)),
        Hello::IsNot
    );
}

#[test]
fn missing_bytes_are_counted() {
    assert_eq!(client_hello(&[]), Hello::More(1));
    assert_eq!(client_hello(&[HANDSHAKE, 3]), Hello::More(3));
    assert_eq!(client_hello(&[HANDSHAKE, 3, 1, 0, 9, 1]), Hello::More(14));
    let first_of_two = [HANDSHAKE, 3, 1, 0, 1, CLIENT_HELLO];
    assert_eq!(client_hello(&first_of_two), Hello::More(7));
}

#[test]
fn every_prefix_of_a_hello_waits_and_every_longer_one_decides() {
    let bytes = records(&message(Some(b"a.b"), &[b"h2"]), 40);
    for end in 0..bytes.len() {
        let Hello::More(enough) = client_hello(&bytes[..end]) else {
            panic!("{end} bytes decided");
        };
        assert!(
            end < enough && enough <= bytes.len(),
            "{end} wait for {enough}"
        );
    }
    let with_more = [&bytes[..], b"more"].concat();
    assert_eq!(client_hello(&with_more), client_hello(&bytes));
    assert!(matches!(client_hello(&bytes), Hello::Is(_)));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        client_hello(&bytes);
        client_hello(&records(&bytes, 50));
        let framed = [&[CLIENT_HELLO, 0, 0, u8::try_from(bytes.len() % 256).unwrap()], &bytes[..]];
        client_hello(&records(&framed.concat(), 50));
    }

    #[test]
    fn a_changed_byte_never_makes_it_panic(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut bytes = records(&message(Some(b"a.example.com"), &[b"h2", b"http/1.1"]), 60);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        client_hello(&bytes[..cut.index(bytes.len() + 1)]);
        client_hello(&bytes);
    }
}
