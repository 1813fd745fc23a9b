//! Bodies that are read twice, or copied.

use std::collections::VecDeque;
use std::future::poll_fn;

use super::*;

/// A body of given frames.
struct Frames(VecDeque<Frame<Bytes>>);

impl HttpBody for Frames {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

fn source(parts: &[&'static str], trailer: Option<&'static str>) -> Body {
    let mut frames: VecDeque<_> = parts
        .iter()
        .map(|part| Frame::data(Bytes::from_static(part.as_bytes())))
        .collect();
    frames.extend(trailer.map(|value| {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-t", value.parse().unwrap());
        Frame::trailers(trailers)
    }));
    Body::layered(Frames(frames))
}

/// A body of which this many parts of two bytes are kept.
fn keeping(source: Body, parts: usize) -> Replay {
    Replay::new(source, parts * (2 + PART), &Budget::new(1000))
}

async fn read(mut body: Body) -> Result<String, BodyError> {
    let mut text = String::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame?;
        match frame.data_ref() {
            Some(data) => text.push_str(std::str::from_utf8(data).unwrap()),
            None => text.push_str("+trailers"),
        }
    }
    Ok(text)
}

#[tokio::test]
async fn a_second_try_gets_the_same_body_and_trailers() {
    let replay = keeping(source(&["ab", "cd"], Some("1")), 3);
    for _ in 0..2 {
        assert!(replay.can_start());
        assert_eq!(read(replay.reader()).await.unwrap(), "abcd+trailers");
    }
}

#[tokio::test]
async fn a_try_that_stopped_half_way_is_taken_up_by_the_next() {
    let replay = keeping(source(&["ab", "cd"], None), 3);
    let mut first = replay.reader();
    poll_fn(|cx| Pin::new(&mut first).poll_frame(cx)).await;
    drop(first);
    assert_eq!(read(replay.reader()).await.unwrap(), "abcd");
}

#[tokio::test]
async fn a_body_over_the_limit_passes_once() {
    let replay = keeping(source(&["ab", "cd"], None), 1);
    let copy = replay.copy();
    assert_eq!(read(replay.reader()).await.unwrap(), "abcd");
    assert!(!replay.can_start());
    assert!(matches!(read(copy).await, Err(BodyError::Lagged)));
}

#[tokio::test]
async fn a_copy_reads_what_has_passed_even_after_the_original_is_gone() {
    let replay = keeping(source(&["ab", "cd"], Some("1")), 3);
    let copy = replay.copy();
    assert_eq!(read(replay.reader()).await.unwrap(), "abcd+trailers");
    replay.commit();
    drop(replay);
    assert_eq!(read(copy).await.unwrap(), "abcd+trailers");
}

#[tokio::test]
async fn a_copy_of_an_abandoned_body_breaks_off() {
    let replay = keeping(source(&["ab"], None), 3);
    let copy = replay.copy();
    drop(replay);
    assert!(matches!(read(copy).await, Err(BodyError::Abandoned)));
}

#[tokio::test]
async fn an_early_answer_takes_nothing_from_a_second_try() {
    let replay = keeping(source(&["ab", "cd", "ef"], None), 3);
    let mut first = replay.reader();
    for _ in 0..2 {
        poll_fn(|cx| Pin::new(&mut first).poll_frame(cx)).await;
    }
    drop(first);
    let second = replay.reader();
    replay.commit();
    assert_eq!(read(second).await.unwrap(), "abcdef");
}

#[tokio::test]
async fn a_spent_budget_ends_retries_and_comes_back() {
    let budget = Budget::new(2 * (2 + PART));
    let first = Replay::new(source(&["ab", "cd"], None), 1000, &budget);
    assert_eq!(read(first.reader()).await.unwrap(), "abcd");
    assert!(first.can_start());
    let second = Replay::new(source(&["ab"], None), 1000, &budget);
    assert_eq!(read(second.reader()).await.unwrap(), "ab");
    assert!(!second.can_start());
    drop((first, second));
    assert_eq!(budget.taken(), 0);
}
