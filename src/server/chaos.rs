//! Disturbances by chance, the same for the same seed: what a network, a proxy or a busy server
//! does to a client now and then.
//!
//! Faults are deterministic defects of a server; chaos is what also happens in front of a good one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::answer::{Answer, Problem, WireEffect};

/// The share of requests that is disturbed unless told otherwise, in percent.
pub const DEFAULT_RATE: u8 = 10;

/// The longest that an answer is held back, in milliseconds.
const LONGEST_DELAY: u64 = 400;

/// Which requests are disturbed, and how: decided by the seed and by how many requests the
/// tenant has had before, and by nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chaos {
    seed: u64,
    percent: u8,
}

/// What is done to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Disturbance {
    /// The request was served before: the store has changed, and only the answer is lost.
    /// Otherwise the request never reached the store.
    served: bool,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Late(Duration),
    Reset,
    CutShort,
    TooMany { retry_after: Option<u32> },
    Page(StatusCode),
}

impl Chaos {
    /// Disturbs `percent` of all requests; 100 and more is all of them.
    #[must_use]
    pub fn new(seed: u64, percent: u8) -> Self {
        let percent = percent.min(100);
        Self { seed, percent }
    }

    /// What decides.
    #[must_use]
    pub fn seed(self) -> u64 {
        self.seed
    }

    /// The same with a seed of its own for a tenant: tenants that get the same requests are not
    /// disturbed at the same places.
    pub(super) fn of_tenant(self, name: &str) -> Self {
        // FNV-1a: it must never change, and it is not about security.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let seed = if name.is_empty() {
            self.seed
        } else {
            self.seed ^ hash
        };
        Self { seed, ..self }
    }

    /// What happens to the request that has `before` others before it.
    fn disturbance(self, before: u64) -> Option<Disturbance> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(before);
        if random.random_range(0..100) >= self.percent {
            return None;
        }
        let served = random.random_range(0..2) == 1;
        let delay = Duration::from_millis(random.random_range(20..=LONGEST_DELAY));
        Some(match random.random_range(0..8) {
            0 => Disturbance {
                served: true,
                how: How::Late(delay),
            },
            1 => Disturbance {
                served,
                how: How::Reset,
            },
            2 => Disturbance {
                served: true,
                how: How::CutShort,
            },
            // Whoever is told to come later has not been served.
            3 => Disturbance {
                served: false,
                how: How::TooMany {
                    retry_after: Some(1),
                },
            },
            4 => Disturbance {
                served: false,
                how: How::TooMany { retry_after: None },
            },
            5 => Disturbance {
                served,
                how: How::Page(StatusCode::INTERNAL_SERVER_ERROR),
            },
            6 => Disturbance {
                served,
                how: How::Page(StatusCode::BAD_GATEWAY),
            },
            _ => Disturbance {
                served,
                how: How::Page(StatusCode::SERVICE_UNAVAILABLE),
            },
        })
    }
}

/// Chaos under way: it counts the requests of one tenant.
#[derive(Clone, Debug)]
pub(super) struct Storm {
    chaos: Chaos,
    passed: Arc<AtomicU64>,
}

impl Storm {
    pub(super) fn new(chaos: Chaos) -> Self {
        Self {
            chaos,
            passed: Arc::default(),
        }
    }

    pub(super) fn chaos(&self) -> Chaos {
        self.chaos
    }

    /// Serves a request, or not, and answers it, or not.
    pub(super) fn pass(&self, serve: impl FnOnce() -> Response<Bytes>) -> Response<Bytes> {
        let before = self.passed.fetch_add(1, Ordering::Relaxed);
        let Some(disturbance) = self.chaos.disturbance(before) else {
            return serve();
        };
        let answer = disturbance.served.then(serve);
        disturbed(disturbance.how, answer.unwrap_or_default())
    }
}

fn disturbed(how: How, mut answer: Response<Bytes>) -> Response<Bytes> {
    let effect = match how {
        How::Late(delay) => WireEffect::Delay(delay),
        // Nothing is to be cut off from an answer without a body.
        How::CutShort if !answer.body().is_empty() => WireEffect::TruncateBody,
        How::CutShort | How::Reset => WireEffect::Reset,
        How::TooMany { retry_after } => return too_many(retry_after),
        How::Page(status) => return page(status),
    };
    answer.extensions_mut().insert(effect);
    answer
}

fn too_many(retry_after: Option<u32>) -> Response<Bytes> {
    let answer = Answer::from(Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
    ));
    match retry_after {
        Some(seconds) => answer.with_header(header::RETRY_AFTER, seconds.to_string()),
        None => answer,
    }
    .into_response()
}

/// A page as a proxy in front of a server sends it.
fn page(status: StatusCode) -> Response<Bytes> {
    let html = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n\
         <center><h1>{status}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    Answer::raw(status, "text/html", html).into_response()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn named(chaos: Chaos, before: u64) -> String {
        match chaos.disturbance(before) {
            None => "-".to_owned(),
            Some(Disturbance { served, how }) => {
                format!("{} {how:?}", if served { "served" } else { "lost" })
            }
        }
    }

    #[test]
    fn a_seed_means_the_same_for_ever() {
        let mut fates = String::new();
        for before in 0..12 {
            writeln!(fates, "{before} {}", named(Chaos::new(7, 60), before)).unwrap();
        }
        insta::assert_snapshot!(fates, @r#"
        0 served CutShort
        1 -
        2 lost TooMany { retry_after: Some(1) }
        3 lost Page(500)
        4 -
        5 served CutShort
        6 lost TooMany { retry_after: None }
        7 served Page(503)
        8 served Reset
        9 -
        10 -
        11 served CutShort
        "#);
    }

    #[test]
    fn the_rate_is_kept_and_everything_happens() {
        for percent in [0, 10, 50, 100] {
            let chaos = Chaos::new(1, percent);
            let hit = (0..2000).filter(|n| chaos.disturbance(*n).is_some());
            let hit = hit.count().abs_diff(20 * usize::from(percent));
            assert!(hit < 100, "{percent} %: {hit} off");
        }
        let all: std::collections::BTreeSet<String> = (0..500)
            .map(|n| named(Chaos::new(1, 100), n))
            .map(|name| name.split("Late").next().unwrap().to_owned())
            .collect();
        assert_eq!(all.len(), 12, "{all:?}");
    }

    #[test]
    fn tenants_do_not_share_their_fate() {
        let chaos = Chaos::new(1, 50);
        assert_eq!(chaos.of_tenant(""), chaos);
        assert_ne!(chaos.of_tenant("a").seed(), chaos.of_tenant("b").seed());
    }
}
