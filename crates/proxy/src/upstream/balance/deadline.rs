//! Turns by weight: earliest deadline first, as Envoy's scheduler does it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The time that one turn of weight 1 takes.
const UNIT: u128 = 1 << 80;

/// Who has the next turn. Between two turns of one passes a time that its weight divides.
#[derive(Debug)]
pub(super) struct Deadlines {
    /// Deadline, order of entry, and who.
    queue: BinaryHeap<Reverse<(u128, u64, usize)>>,
    entered: u64,
}

impl Deadlines {
    /// Turns for the weights, who are numbered as they come.
    pub(super) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut entered = 0;
        let queue = weights
            .into_iter()
            .enumerate()
            .map(|(who, weight)| {
                entered += 1;
                Reverse((UNIT / u128::from(weight.max(1)), entered, who))
            })
            .collect();
        Self { queue, entered }
    }

    /// Who has the next turn, by the weights of now; weight 0 has none. `None` when nobody has.
    pub(super) fn next(&mut self, weight: impl Fn(usize) -> u64) -> Option<usize> {
        let mut passed = Vec::new();
        let mut chosen = None;
        while let Some(Reverse(entry)) = self.queue.pop() {
            let weight = weight(entry.2);
            if weight > 0 {
                chosen = Some((entry, weight));
                break;
            }
            passed.push(entry);
        }
        let now = chosen.map_or(0, |((deadline, ..), _)| deadline);
        // Whoever is passed over keeps its place in the queue, but saves nothing up.
        let kept = passed
            .into_iter()
            .map(|(deadline, entered, who)| Reverse((deadline.max(now), entered, who)));
        self.queue.extend(kept);
        let ((deadline, _, who), weight) = chosen?;
        self.entered += 1;
        let next = deadline + UNIT / u128::from(weight);
        self.queue.push(Reverse((next, self.entered, who)));
        Some(who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_by_weight() {
        let weights = [1, 2, 5];
        let mut turns = Deadlines::new(weights);
        let mut counts = [0; 3];
        for _ in 0..800 {
            counts[turns.next(|who| weights[who]).unwrap()] += 1;
        }
        assert_eq!(counts, [100, 200, 500]);
    }

    #[test]
    fn equal_weights_take_turns_in_order() {
        let mut turns = Deadlines::new([1, 1, 1]);
        let picked: Vec<_> = (0..6).map(|_| turns.next(|_| 1).unwrap()).collect();
        assert_eq!(picked, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn whoever_has_no_weight_now_is_passed_over() {
        let mut turns = Deadlines::new([1, 1]);
        assert!((0..4).all(|_| turns.next(|who| u64::from(who == 1)) == Some(1)));
        assert_eq!(turns.next(|_| 0), None);
        assert_eq!(Deadlines::new([]).next(|_| 1), None);
    }
}
