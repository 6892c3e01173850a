//! Trouble made to order, or by chance, so that tests can see what a caller does in it: see `POST /_sandbox/faults`.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chance::Chance;

/// What happens to the webhooks of events from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFault {
    /// Sent once, in order, until accepted.
    #[default]
    Deliver,
    /// Kept until the mode is `deliver` again.
    Hold,
    /// Never sent.
    Drop,
    /// Each sent three times in parallel.
    Duplicate,
    /// Collected for half a second and sent newest first.
    Reverse,
    /// Sent so many milliseconds later; what comes after does not wait.
    Delay(u32),
    /// Sent with a wrong signature at first; what is sent again is right.
    BadSignature,
    /// Sent with another body than was signed at first; what is sent again is right.
    ChangedBody,
}

/// An answer that replaces, or only delays, the real one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiFault {
    /// Applies to calls whose path starts so, such as `/v1/checkout`.
    #[serde(default)]
    pub path: String,
    /// Applies to this method only.
    #[serde(default)]
    pub method: Option<String>,
    /// The status to answer; without one the call is only delayed.
    #[serde(default)]
    pub status: Option<u16>,
    /// How many calls are hit.
    #[serde(default = "once")]
    pub count: u32,
    /// True: the call takes effect, and only its answer is lost or late.
    #[serde(default)]
    pub after_commit: bool,
    /// How long a hit call waits: before it takes effect, or after if `after_commit`.
    #[serde(default)]
    pub delay_ms: u64,
    /// The connection ends without an answer.
    #[serde(default)]
    pub hang_up: bool,
    /// What stands in the answer instead, by JSON pointers to places it has. What is kept stays as it is.
    #[serde(default)]
    pub says: Map<String, Value>,
    /// The answer is a page of HTML.
    #[serde(default)]
    pub garbage: bool,
}

fn once() -> u32 {
    1
}

impl ApiFault {
    /// The status to answer instead, if any.
    pub fn answer(&self) -> Option<StatusCode> {
        self.status.and_then(|status| StatusCode::from_u16(status).ok())
    }
}

/// Trouble by chance: the same for the same seed, as long as calls, events and charges come in the same order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Random {
    /// Which of all possible rows of trouble it is.
    pub seed: u64,
    /// How many calls out of a hundred are hit, how many events, and how many charges of saved cards.
    pub percent: u8,
    /// The calls, events and charges so far.
    #[serde(skip)]
    calls: u64,
    #[serde(skip)]
    events: u64,
    #[serde(skip)]
    charges: u64,
}

impl Random {
    /// The row of trouble that belongs to `seed`, from its beginning.
    pub fn new(seed: u64, percent: u8) -> Self {
        Self { seed, percent, calls: 0, events: 0, charges: 0 }
    }

    fn next_call(&mut self) -> Option<ApiFault> {
        self.calls += 1;
        let mut chance = Chance::new(self.seed, "call", self.calls);
        chance.is_hit(self.percent).then(|| {
            let fault = ApiFault { count: 1, ..ApiFault::default() };
            match chance.below(7) {
                0 => ApiFault { status: Some(503), ..fault },
                1 => ApiFault { status: Some(429), ..fault },
                2 => ApiFault { status: Some(500), ..fault },
                3 => ApiFault { status: Some(500), after_commit: true, ..fault },
                4 => ApiFault { hang_up: true, ..fault },
                5 => ApiFault { hang_up: true, after_commit: true, ..fault },
                _ => ApiFault { delay_ms: chance.below(1_000), ..fault },
            }
        })
    }

    fn next_charge(&mut self) -> bool {
        self.charges += 1;
        Chance::new(self.seed, "charge", self.charges).is_hit(self.percent)
    }

    fn next_webhook(&mut self) -> WebhookFault {
        self.events += 1;
        let mut chance = Chance::new(self.seed, "event", self.events);
        if !chance.is_hit(self.percent) {
            return WebhookFault::Deliver;
        }
        match chance.below(6) {
            0 => WebhookFault::Drop,
            1 => WebhookFault::Duplicate,
            2 => WebhookFault::Reverse,
            3 => WebhookFault::BadSignature,
            4 => WebhookFault::ChangedBody,
            _ => WebhookFault::Delay(u32::try_from(chance.below(3_000)).unwrap_or_default()),
        }
    }
}

/// The faults in force. They end with the process.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Faults {
    pub webhooks: WebhookFault,
    /// How many more events the webhook fault applies to; without end when absent.
    pub count: Option<u32>,
    pub api_error: Option<ApiFault>,
    /// Hits what no order hits.
    pub random: Option<Random>,
}

impl Faults {
    /// What happens to the next event's webhooks; counts it.
    pub fn next_webhook(&mut self) -> WebhookFault {
        let fault = self.webhooks;
        if let Some(left) = &mut self.count {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.webhooks = WebhookFault::Deliver;
                self.count = None;
            }
        }
        match (fault, &mut self.random) {
            (WebhookFault::Deliver, Some(random)) => random.next_webhook(),
            (fault, _) => fault,
        }
    }

    /// True when the next charge of a saved card is declined by chance; counts it.
    pub fn next_charge(&mut self) -> bool {
        self.random.as_mut().is_some_and(Random::next_charge)
    }

    /// The fault that hits this call, if any; counts it.
    pub fn next_call(&mut self, method: &str, path: &str) -> Option<ApiFault> {
        let hits = |fault: &ApiFault| {
            path.starts_with(&fault.path) && fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
        };
        let Some(fault) = self.api_error.as_mut().filter(|fault| hits(fault)) else {
            return self.random.as_mut().and_then(Random::next_call);
        };
        fault.count = fault.count.saturating_sub(1);
        let hit = fault.clone();
        if hit.count == 0 {
            self.api_error = None;
        }
        Some(hit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(seed: u64, percent: u8) -> Faults {
        let random = Some(Random::new(seed, percent));
        Faults { random, ..Faults::default() }
    }

    fn calls(faults: &mut Faults) -> Vec<Option<ApiFault>> {
        (0..500).map(|_| faults.next_call("GET", "/v1/customers")).collect()
    }

    #[test]
    fn the_same_seed_brings_the_same_trouble() {
        let first = calls(&mut random(7, 10));
        assert_eq!(first, calls(&mut random(7, 10)));
        assert_ne!(first, calls(&mut random(8, 10)));
    }

    #[test]
    fn trouble_is_as_frequent_as_said_and_of_every_kind() {
        for (percent, expected) in [(0, 0..=0), (10, 30..=75), (100, 500..=500)] {
            let hits = calls(&mut random(3, percent)).iter().flatten().count();
            assert!(expected.contains(&hits), "{percent} %: {hits}");
        }
        let mut seen: Vec<String> = calls(&mut random(3, 100))
            .iter()
            .flatten()
            .map(|fault| format!("{:?}", (fault.status, fault.after_commit, fault.hang_up)))
            .collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 7);
        let mut faults = random(3, 100);
        let seen: Vec<WebhookFault> = (0..500).map(|_| faults.next_webhook()).collect();
        for kind in
            [WebhookFault::Drop, WebhookFault::Duplicate, WebhookFault::Reverse, WebhookFault::BadSignature, WebhookFault::ChangedBody]
        {
            assert!(seen.contains(&kind), "{kind:?}");
        }
    }

    #[test]
    fn saved_cards_fail_by_chance() {
        let charges = |seed| (0..500).map(|_| seed).scan(random(seed, 10), |faults, _| Some(faults.next_charge())).collect::<Vec<_>>();
        assert_eq!(charges(7), charges(7));
        assert_ne!(charges(7), charges(8));
        assert!((30..=75).contains(&charges(3).iter().filter(|declined| **declined).count()));
        assert!(!Faults::default().next_charge());
    }

    #[test]
    fn what_was_ordered_comes_before_what_chance_brings() {
        let mut faults = random(3, 100);
        faults.webhooks = WebhookFault::Hold;
        faults.api_error = Some(ApiFault { status: Some(402), count: 1, ..ApiFault::default() });
        assert_eq!(faults.next_webhook(), WebhookFault::Hold);
        assert_eq!(faults.next_call("GET", "/v1/customers").and_then(|fault| fault.status), Some(402));
    }
}
