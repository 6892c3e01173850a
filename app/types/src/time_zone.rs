//! Time zones people may live in.

use crate::Fault;

/// One of the zones of the IANA database that are somebody's home, or UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(&'static str);

impl TimeZone {
    /// Every zone, sorted.
    pub fn all() -> impl Iterator<Item = Self> {
        // Made from the third column of the database's `zone.tab`.
        include_str!("time_zones.txt").lines().map(Self)
    }

    /// Reads a name: `Europe/Amsterdam`.
    pub fn parse(name: &str) -> Result<Self, Fault> {
        Self::all().find(|zone| zone.0 == name).ok_or(Fault::NotAChoice)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_one_of_the_list() {
        for name in ["Europe/Amsterdam", "America/Argentina/Buenos_Aires", "UTC"] {
            assert_eq!(TimeZone::parse(name).map(TimeZone::as_str), Ok(name));
        }
        for name in ["", "Europe", "europe/amsterdam", "Europe/Amsterdam\n", "Mars/Olympus_Mons"] {
            assert_eq!(TimeZone::parse(name), Err(Fault::NotAChoice), "{name}");
        }
        assert!(TimeZone::all().is_sorted_by_key(TimeZone::as_str) && TimeZone::all().count() > 400);
    }
}
