//! What was agreed with mail servers: how many messages in which time, over how many connections.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

/// Messages in a time, as `100/s`, `6000/m` or `20000/h`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// From one message to the next.
    pub interval: Duration,
}

impl Rate {
    /// So many each second.
    pub fn per_second(count: f64) -> Self {
        Self { interval: Duration::from_secs_f64(1.0 / count) }
    }

    /// How many go in a time; at least one.
    pub fn in_time(self, time: Duration) -> u32 {
        let count = time.as_secs_f64() / self.interval.as_secs_f64().max(1e-9);
        (count as u32).max(1)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no rate; wanted is one like 100/s, 6000/m or 20000/h");
        let (count, unit) = text.trim().split_once('/').ok_or_else(wrong)?;
        let count: f64 = count.trim().parse().map_err(|_| wrong())?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            _ => return Err(wrong()),
        };
        // Slower than one message in a day is a mistake, and so is faster than the clock's grain.
        let interval = seconds / count;
        if !(1e-6..=86_400.0).contains(&interval) {
            return Err(wrong());
        }
        Ok(Self { interval: Duration::from_secs_f64(interval) })
    }
}

/// What is agreed for a recipient domain.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DomainLimit {
    /// Messages in a time.
    pub rate: Option<Rate>,
    /// Connections that hand mail for it over at once.
    pub connections: Option<usize>,
}

impl DomainLimit {
    fn parse(text: &str) -> Result<Self, String> {
        let (rate, connections) = match text.split_once(':') {
            Some((rate, connections)) => (rate.trim(), Some(connections.trim())),
            None => (text.trim(), None),
        };
        let rate = if rate.is_empty() { None } else { Some(rate.parse()?) };
        let connections = match connections.map(str::parse::<usize>) {
            None => None,
            Some(Ok(count)) if count > 0 => Some(count),
            Some(_) => return Err(format!("{text:?}: a number of connections is wanted after the colon")),
        };
        Ok(Self { rate, connections })
    }
}

/// Limits for recipient domains, as `mail.ru=20/s:5, gmail.com=50/s, *=:10`: a rate, a number of connections after a
/// colon, or both; `*` stands for each domain that is not named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DomainLimits {
    named: HashMap<String, DomainLimit>,
    others: DomainLimit,
}

impl DomainLimits {
    /// What is agreed for a domain in lower case.
    pub fn of(&self, domain: &str) -> DomainLimit {
        self.named.get(domain).copied().unwrap_or(self.others)
    }

    /// Whether nothing is agreed for any domain.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

impl FromStr for DomainLimits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut limits = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let wrong = || format!("{part:?}: wanted is DOMAIN=RATE:CONNECTIONS, as in mail.ru=20/s:5");
            let (domain, limit) = part.split_once('=').ok_or_else(wrong)?;
            let limit = DomainLimit::parse(limit)?;
            match domain.trim().to_lowercase() {
                domain if domain.is_empty() => return Err(wrong()),
                domain if domain == "*" => limits.others = limit,
                domain => {
                    limits.named.insert(domain, limit);
                }
            }
        }
        Ok(limits)
    }
}

/// All limits of an installation.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Messages in a time, to all recipients.
    pub rate: Option<Rate>,
    /// By recipient domain.
    pub domains: DomainLimits,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        let limits: DomainLimits = "mail.ru=20/s:5, GMail.com = 3000/m, *=:10".parse().unwrap();
        assert_eq!(limits.of("mail.ru"), DomainLimit { rate: Some(Rate::per_second(20.0)), connections: Some(5) });
        assert_eq!(limits.of("gmail.com"), DomainLimit { rate: Some(Rate::per_second(50.0)), connections: None });
        assert_eq!(limits.of("example.org"), DomainLimit { rate: None, connections: Some(10) });
        assert!("".parse::<DomainLimits>().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_limit_is_said() {
        for text in ["mail.ru", "=5/s", "mail.ru=fast", "mail.ru=5/s:0", "mail.ru=5/s:many", "mail.ru=0/s", "a=-1/s"] {
            assert!(text.parse::<DomainLimits>().is_err(), "{text}");
        }
        for text in ["", "100", "100/d", "NaN/s", "1e99/s", "inf/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
