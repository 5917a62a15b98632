//! What the user wants who interrupts a run: first that it stops and cleans up, then that it leaves at once.

use tokio::sync::watch;

/// How far the user's patience goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    GoOn,
    CleanUp,
    Leave,
}

/// Tells of interruptions.
#[derive(Debug)]
pub struct Interrupter(watch::Sender<Wish>);

/// Hears of interruptions.
#[derive(Clone, Debug)]
pub struct Interrupts(watch::Receiver<Wish>);

impl Interrupter {
    /// One that tells the other.
    #[must_use]
    pub fn new() -> (Self, Interrupts) {
        let (tell, told) = watch::channel(Wish::GoOn);
        (Self(tell), Interrupts(told))
    }

    /// The user has interrupted once more.
    pub fn interrupt(&self) {
        self.0.send_modify(|wish| {
            *wish = match *wish {
                Wish::GoOn => Wish::CleanUp,
                Wish::CleanUp | Wish::Leave => Wish::Leave,
            }
        });
    }
}

impl Interrupts {
    /// Nobody interrupts.
    #[must_use]
    pub fn never() -> Self {
        Interrupter::new().1
    }

    /// Completes when the user wants it to stop and to clean up.
    pub async fn first(&mut self) {
        self.reached(Wish::CleanUp).await;
    }

    /// Completes when the user wants it to leave, whatever is still there.
    pub async fn second(&mut self) {
        self.reached(Wish::Leave).await;
    }

    /// Whether the user wants it to stop.
    #[must_use]
    pub fn are_there(&self) -> bool {
        *self.0.borrow() > Wish::GoOn
    }

    async fn reached(&mut self, wanted: Wish) {
        if self.0.wait_for(|wish| *wish >= wanted).await.is_err() {
            // Nobody is there any more who could interrupt.
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_first_stops_and_the_second_leaves() {
        let (interrupter, told) = Interrupter::new();
        let first = || told.clone().first().now_or_never().is_some();
        let second = || told.clone().second().now_or_never().is_some();
        assert_eq!((first(), second(), told.are_there()), (false, false, false));
        interrupter.interrupt();
        assert_eq!((first(), second(), told.are_there()), (true, false, true));
        interrupter.interrupt();
        interrupter.interrupt();
        assert_eq!((first(), second(), told.are_there()), (true, true, true));
        assert!(Interrupts::never().first().now_or_never().is_none());
    }
}
