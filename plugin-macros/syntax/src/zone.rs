//! Time zones, by the names of the IANA database.

use std::fmt;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::nearest::hint;

/// A time zone of the IANA database, spelled as it is there.
///
/// The database is the one that is compiled in, so that a name means the same on every machine.
///
/// ```
/// use plugin_syntax::Zone;
///
/// assert_eq!(Zone::parse("America/New_York")?.name(), "America/New_York");
/// assert!(Zone::parse("america/new_york").unwrap_err().to_string().ends_with("did you mean `America/New_York`?"));
/// # Ok::<(), plugin_syntax::ZoneError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// The database has no time zone of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone `{name}`{hint}")]
pub struct ZoneError {
    name: String,
    hint: String,
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// The zone `name`.
    ///
    /// # Errors
    /// Where the database has none of this name, in this case; the nearest one is named.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        let database = TimeZoneDatabase::bundled();
        // The database itself takes any case; `check` and the admin pages would then show names that nothing else knows.
        let known: Vec<_> = database.available().collect();
        let spelled = known.iter().any(|known| known.as_str() == name);
        match database.get(name) {
            Ok(zone) if spelled => Ok(Self { name: name.to_owned(), zone }),
            _ => {
                let hint = hint(name, known.iter().map(|known| known.as_str()));
                Err(ZoneError { name: name.to_owned(), hint })
            }
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules.
    pub fn rules(&self) -> &TimeZone {
        &self.zone
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_there() {
        for name in ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Etc/GMT+5"] {
            assert_eq!(Zone::parse(name).map(|zone| zone.to_string()), Ok(name.into()));
        }
    }

    #[test]
    fn a_typo_is_answered_with_the_nearest_name() {
        let said = Zone::parse("America/New_Yrok").expect_err("a typo").to_string();
        assert_eq!(said, "there is no time zone `America/New_Yrok`; did you mean `America/New_York`?");
        assert_eq!(Zone::parse("Moon").expect_err("too far").to_string(), "there is no time zone `Moon`");
        assert!(Zone::parse("").is_err());
    }
}
