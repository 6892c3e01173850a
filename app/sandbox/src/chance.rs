//! Chance that can be repeated: numbers that look random and follow from a seed, a purpose and a count.

/// A row of numbers.
pub struct Chance(u64);

impl Chance {
    /// The row that belongs to these three.
    pub fn new(seed: u64, purpose: &str, count: u64) -> Self {
        let purpose = purpose.bytes().fold(0, |all: u64, byte| all.wrapping_mul(31).wrapping_add(byte.into()));
        Self(mixed(mixed(mixed(seed).wrapping_add(purpose)).wrapping_add(count)))
    }

    /// The next number, below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = mixed(self.0);
        self.0 % end
    }

    /// True `percent` times out of a hundred.
    pub fn is_hit(&mut self, percent: u8) -> bool {
        self.below(100) < percent.into()
    }
}

/// One step of splitmix64 (Steele, Lea and Flood, 2014): every bit of the answer depends on every bit of `number`.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
