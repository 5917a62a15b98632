//! Which ranks are taken: finds the n-th of a million in twenty steps.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

use super::index::Rank;

/// Ranks that are counted together.
const RUN: u64 = 256;

/// How many ranks of each run are taken, as a binary indexed tree (Fenwick, 1994): the entry
/// `i`, counted from 1, is the sum of the last runs up to `i`, as many as the lowest set bit
/// of `i` says.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    sums: Vec<usize>,
    taken: usize,
}

impl Ranks {
    /// How many ranks are taken.
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// Takes a rank; each is taken once, the lowest first.
    pub(super) fn take(&mut self, rank: Rank) {
        let run = run_of(rank);
        while self.sums.len() < run {
            let next = self.sums.len() + 1;
            // What is counted already between the last run that `next` covers and itself.
            let covered = self.up_to(next - 1) - self.up_to(next - lowest_bit(next));
            self.sums.push(covered);
        }
        self.each_above(run, |sum| *sum += 1);
        self.taken += 1;
    }

    /// Gives a rank back, which was taken.
    pub(super) fn release(&mut self, rank: Rank) {
        self.each_above(run_of(rank), |sum| *sum = sum.saturating_sub(1));
        self.taken = self.taken.saturating_sub(1);
    }

    /// From which rank on to count, and how many to leave out there, to come to the record
    /// that has `offset` others before it.
    pub(super) fn seek(&self, offset: usize) -> (Rank, usize) {
        let mut run = 0;
        let mut left_out = offset;
        let mut step = self.sums.len().checked_ilog2().map_or(0, |bits| 1 << bits);
        while step > 0 {
            if let Some(sum) = self.sums.get(run + step - 1)
                && *sum <= left_out
            {
                run += step;
                left_out -= sum;
            }
            step /= 2;
        }
        let runs = u64::try_from(run).unwrap_or(u64::MAX);
        (runs.saturating_mul(RUN), left_out)
    }

    fn up_to(&self, mut run: usize) -> usize {
        let mut sum = 0;
        while run > 0 {
            sum += self.sums.get(run - 1).copied().unwrap_or(0);
            run -= lowest_bit(run);
        }
        sum
    }

    fn each_above(&mut self, mut run: usize, change: impl Fn(&mut usize)) {
        while let Some(sum) = self.sums.get_mut(run - 1) {
            change(sum);
            run += lowest_bit(run);
        }
    }
}

/// The run of a rank, counted from 1.
fn run_of(rank: Rank) -> usize {
    usize::try_from(rank / RUN).unwrap_or(usize::MAX - 1) + 1
}

fn lowest_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn seeking_comes_to_the_same_as_counting(
            count in 0..3000_u64,
            released in proptest::collection::vec(0..3000_u64, 0..40),
            runs_released in proptest::collection::vec(0..12_u64, 0..4),
        ) {
            let mut taken = Ranks::default();
            let mut ranks: BTreeSet<Rank> = BTreeSet::new();
            for rank in 0..count {
                taken.take(rank);
                ranks.insert(rank);
            }
            let whole = runs_released.into_iter().flat_map(|run| run * RUN..(run + 1) * RUN);
            for rank in released.into_iter().chain(whole) {
                if ranks.remove(&rank) {
                    taken.release(rank);
                }
            }
            prop_assert_eq!(taken.len(), ranks.len());
            for (offset, rank) in ranks.iter().enumerate() {
                let (from, left_out) = taken.seek(offset);
                prop_assert_eq!(ranks.range(from..).nth(left_out), Some(rank));
                prop_assert!(left_out < 256);
            }
            let (from, left_out) = taken.seek(ranks.len());
            prop_assert_eq!(ranks.range(from..).nth(left_out), None);
        }
    }
}
