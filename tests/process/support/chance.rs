//! Chance that comes again: the same for the same seed.

/// Numbers by chance. The seed is printed; `KEEL_SEED` brings an earlier one back.
pub struct Chance(u64);

impl Chance {
    pub fn new(test: &str) -> Self {
        let seed = std::env::var("KEEL_SEED").map_or_else(|_| Self::fresh(), |seed| Self(seed.parse().expect("KEEL_SEED is a number")));
        println!("{test}: KEEL_SEED={}", seed.0);
        seed
    }

    fn fresh() -> Self {
        Self(u64::from_str_radix(&keel_domain::secrets::reference()[..8], 16).unwrap())
    }

    /// A number from `start` on and below `end` (Steele and others, `SplitMix64`).
    pub fn between(&mut self, start: u64, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        start + (mixed ^ (mixed >> 31)) % (end - start)
    }
}
