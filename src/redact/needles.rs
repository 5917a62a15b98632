//! Finds many texts in one, in time that grows with the length of the text alone.
//!
//! A large import is searched for hundreds of passwords, each in several forms. Where no character may mean another
//! one, four bytes are looked up at each place, and hardly any place gets further. Only where an escape is near,
//! [`super::spelling`] is asked.

use std::collections::HashMap;

use super::spelling::{may_mean_more, reach, readings};

/// Bytes by which a needle is found; no needle is shorter.
const KEY: usize = 6;
/// Room for a key and the rest of a character that ends behind it.
const READ: usize = KEY + 4;
/// Bits of a key's hash.
const HASH_BITS: u32 = 18;

/// What is looked for.
#[derive(Clone, Debug)]
struct Needle<T> {
    bytes: Box<[u8]>,
    edge: Edge,
    tag: T,
}

/// What stands around a needle and belongs to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Edge {
    /// The needle is in base64, so that padding may follow.
    pub(super) base64: bool,
    /// The base64 character before it holds some bits of it.
    pub(super) before: bool,
    /// The base64 character behind it does.
    pub(super) behind: bool,
}

/// A place where a needle stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit<T> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) tag: T,
    /// Only its beginning stands there, for this program has cut the text off.
    pub(super) is_cut: bool,
}

/// Many texts to be found, each with what it stands for.
#[derive(Clone, Debug)]
pub(super) struct Needles<T> {
    /// By their first bytes.
    by_key: HashMap<[u8; KEY], Vec<Needle<T>>>,
    /// Which hashes of a key there are; empty while there is no needle.
    hashes: Vec<u64>,
    /// First bytes of all of them, and the first two.
    first: [bool; 256],
    pairs: Vec<u64>,
    /// A needle that is cut off counts with so many bytes.
    least: usize,
}

impl<T: Copy> Needles<T> {
    /// None yet. One that is cut off is found when so many bytes of it are there.
    pub(super) fn new(least: usize) -> Self {
        Self {
            by_key: HashMap::new(),
            hashes: Vec::new(),
            first: [false; 256],
            pairs: Vec::new(),
            least,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// One more, unless it is shorter than a key.
    pub(super) fn add(&mut self, bytes: &[u8], edge: Edge, tag: T) {
        let (Some(key), Some(first)) = (bytes.first_chunk::<KEY>(), bytes.first()) else {
            return;
        };
        self.by_key.entry(*key).or_default().push(Needle {
            bytes: bytes.into(),
            edge,
            tag,
        });
        if self.hashes.is_empty() {
            self.hashes = vec![0; 1 << (HASH_BITS - 6)];
            self.pairs = vec![0; 1 << (16 - 6)];
        }
        let (word, bit) = hash(*key);
        if let Some(word) = self.hashes.get_mut(word) {
            *word |= bit;
        }
        let (word, bit) = pair(*key);
        if let Some(word) = self.pairs.get_mut(word) {
            *word |= bit;
        }
        if let Some(first) = self.first.get_mut(usize::from(*first)) {
            *first = true;
        }
    }

    /// Where they stand, in the order in which they begin.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Hit<T>> {
        let mut hits = Vec::new();
        if !self.is_empty() {
            self.search(text, &mut |hit| {
                hits.push(hit);
                true
            });
        }
        hits
    }

    /// Tells of every place until `tell` has heard enough.
    pub(super) fn search(&self, text: &[u8], tell: &mut dyn FnMut(Hit<T>) -> bool) {
        let (mut at, mut escape) = (0, None);
        while at < text.len() {
            let near = match escape {
                Some(near) if near >= at => near,
                _ => next_escape(text, at),
            };
            escape = Some(near);
            // Up to here no escape is among the first bytes of what begins.
            let plain = near.min(text.len()).saturating_sub(KEY - 1);
            while at < plain {
                if let Some(key) = text.get(at..).and_then(<[u8]>::first_chunk)
                    && self.may_be(*key)
                    && !self.at_key(text, at, *key, at + KEY, &[], tell)
                {
                    return;
                }
                at += 1;
            }
            if near >= text.len() {
                return;
            }
            while at <= near {
                if !self.at_escape(text, at, tell) {
                    return;
                }
                at += 1;
            }
        }
    }

    fn may_be(&self, key: [u8; KEY]) -> bool {
        let (word, bit) = hash(key);
        self.hashes.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Looks at a place near an escape: all keys that may be meant there.
    fn at_escape(&self, text: &[u8], start: usize, tell: &mut dyn FnMut(Hit<T>) -> bool) -> bool {
        let mut open: Vec<([u8; READ], usize, usize)> = Vec::new();
        self.extend(text, [0; READ], 0, start, &mut open);
        while let Some((read, length, at)) = open.pop() {
            if length < KEY {
                self.extend(text, read, length, at, &mut open);
                continue;
            }
            let Some(key) = read.first_chunk::<KEY>() else {
                continue;
            };
            let more = read.get(KEY..length).unwrap_or_default();
            if self.may_be(*key) && !self.at_key(text, start, *key, at, more, tell) {
                return false;
            }
        }
        true
    }

    fn extend(
        &self,
        text: &[u8],
        read: [u8; READ],
        length: usize,
        at: usize,
        open: &mut Vec<([u8; READ], usize, usize)>,
    ) {
        let readings = readings(text, at);
        for one in readings.as_slice() {
            let begins = one.bytes().first().copied().unwrap_or_default();
            if length == 0 && !self.first.get(usize::from(begins)).is_some_and(|f| *f) {
                continue;
            }
            let mut longer = read;
            let end = length + one.bytes().len();
            if let Some(free) = longer.get_mut(length..end) {
                free.copy_from_slice(one.bytes());
                if length < 2 && end >= 2 {
                    let (word, bit) = pair(longer);
                    if self.pairs.get(word).is_none_or(|word| word & bit == 0) {
                        continue;
                    }
                }
                open.push((longer, end, one.end));
            }
        }
    }

    /// Looks for the needles with this key, which ends before `at`; `more` was read behind it.
    fn at_key(
        &self,
        text: &[u8],
        start: usize,
        key: [u8; KEY],
        at: usize,
        more: &[u8],
        tell: &mut dyn FnMut(Hit<T>) -> bool,
    ) -> bool {
        for needle in self.by_key.get(&key).into_iter().flatten() {
            let behind = needle.bytes.get(KEY..).unwrap_or_default();
            if !behind.starts_with(more) {
                continue;
            }
            let reached = reach(text, &needle.bytes, KEY + more.len(), at, self.least);
            let (end, is_cut) = match (reached.whole, reached.cut) {
                (Some(end), _) => (end, false),
                (None, Some(end)) => (end, true),
                (None, None) => continue,
            };
            let (start, end) = needle.edge.widen(text, start, end, is_cut);
            let hit = Hit {
                start,
                end,
                tag: needle.tag,
                is_cut,
            };
            if !tell(hit) {
                return false;
            }
        }
        true
    }
}

impl Edge {
    /// Takes in what belongs to a needle in base64.
    fn widen(self, text: &[u8], mut start: usize, mut end: usize, is_cut: bool) -> (usize, usize) {
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
        if self.before
            && start
                .checked_sub(1)
                .and_then(|at| text.get(at))
                .is_some_and(is_base64)
        {
            start -= 1;
        }
        if is_cut {
            return (start, end);
        }
        if self.behind && text.get(end).is_some_and(is_base64) {
            end += 1;
        }
        for _ in 0..if self.base64 { 2 } else { 0 } {
            let found = readings(text, end);
            let padding = found.as_slice().iter().filter(|one| one.bytes() == b"=");
            end = padding.map(|one| one.end).max().unwrap_or(end);
        }
        (start, end)
    }
}

/// The next place from `at` at which an escape may begin, or the end.
fn next_escape(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let next = rest.iter().position(|byte| may_mean_more(*byte));
    next.map_or(text.len(), |next| at + next)
}

/// The place of a key among the hashes.
fn hash([a, b, c, d, e, f]: [u8; KEY]) -> (usize, u64) {
    let low = u32::from_le_bytes([a, b, c, d]).wrapping_mul(0x9E37_79B1);
    let high = u32::from_le_bytes([e, f, 0, 0]).wrapping_mul(0x85EB_CA6B);
    let hash = (low ^ high) >> (32 - HASH_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// The place of the first two bytes among the pairs.
fn pair<const N: usize>(bytes: [u8; N]) -> (usize, u64) {
    let [a, b] = bytes.first_chunk().copied().unwrap_or_default();
    let pair = u16::from_le_bytes([a, b]);
    (usize::from(pair >> 6), 1 << (pair & 63))
}
