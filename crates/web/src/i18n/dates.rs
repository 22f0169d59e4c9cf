//! Dates, times, time zones and lengths of time. A time is never printed without saying in which zone it is.

use std::time::Duration;

use jiff::{Zoned, civil::Date, tz::TimeZone};
use vestnik_model::clock::UnixMillis;
use vestnik_model::user::Language;

use super::{has, text};

/// Day and time with the zone: «24 ноября 2026, 10:00, Москва (UTC+3)».
pub fn datetime(language: Language, at: UnixMillis, zone: &str) -> String {
    let local = local(at, zone);
    format!("{}, {}, {}", day(language, local.date()), local.strftime("%H:%M"), label(language, &local, zone))
}

/// Day alone: «24 ноября 2026».
pub fn date(language: Language, at: UnixMillis, zone: &str) -> String {
    day(language, local(at, zone).date())
}

/// Day and time to the second, short, for a column whose heading names the zone (with [`zone_label`]):
/// «24.11.2026 10:00:05» and "2026-11-24 10:00:05".
pub fn moment(language: Language, at: UnixMillis, zone: &str) -> String {
    let format = match language {
        Language::Ru => "%d.%m.%Y %H:%M:%S",
        Language::En => "%Y-%m-%d %H:%M:%S",
    };
    local(at, zone).strftime(format).to_string()
}

/// A zone with its offset at that time: «Москва (UTC+3)».
pub fn zone_label(language: Language, at: UnixMillis, zone: &str) -> String {
    label(language, &local(at, zone), zone)
}

/// A zone without its offset: «Москва». Zones that have no translation go by the city in their name.
pub fn zone_name(language: Language, zone: &str) -> String {
    let id = format!("zone-{}", zone.replace('/', "-").to_lowercase().replace('_', "-"));
    if has(language, &id) {
        return text(language, &id, &[]);
    }
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

/// The zones that a form offers, ordered from west to east, with their labels. `chosen` is added if it is not among
/// them, so that a form never loses a setting.
pub fn zones(language: Language, now: UnixMillis, chosen: &str) -> Vec<(String, String)> {
    let mut names: Vec<&str> = OFFERED.to_vec();
    if !chosen.is_empty() && !names.contains(&chosen) && TimeZone::get(chosen).is_ok() {
        names.push(chosen);
    }
    let mut zones: Vec<_> = names
        .into_iter()
        .map(|name| {
            let local = local(now, name);
            (local.offset().seconds(), label(language, &local, name), name.to_owned())
        })
        .collect();
    zones.sort();
    zones.into_iter().map(|(_, label, name)| (name, label)).collect()
}

/// A length of time in its largest unit, rounded: «3 мин», "2 h".
pub fn duration(language: Language, length: Duration) -> String {
    let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    let (id, amount) = match seconds {
        ..60 => ("length-seconds", seconds),
        60..3_570 => ("length-minutes", (seconds + 30) / 60),
        3_570..84_600 => ("length-hours", (seconds + 1_800) / 3_600),
        _ => ("length-days", seconds.saturating_add(43_200) / 86_400),
    };
    text(language, id, &[("n", amount.into())])
}

fn local(at: UnixMillis, zone: &str) -> Zoned {
    at.timestamp().to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
}

/// A day of the calendar: «24 ноября 2026».
pub fn day(language: Language, date: Date) -> String {
    format!("{} {}", day_and_month(language, date), date.year())
}

/// Days of the calendar, as short as they can be said: «24 ноября 2026», «1–24 ноября 2026»,
/// «25 октября – 23 ноября 2026», «25 декабря 2025 – 23 января 2026».
pub fn days(language: Language, first: Date, last: Date) -> String {
    let last_day = day(language, last);
    if first == last {
        last_day
    } else if (first.year(), first.month()) == (last.year(), last.month()) {
        format!("{}\u{2013}{last_day}", first.day())
    } else if first.year() == last.year() {
        format!("{} \u{2013} {last_day}", day_and_month(language, first))
    } else {
        format!("{} \u{2013} {last_day}", day(language, first))
    }
}

/// A day where there is little room: «24 ноя», "24 Nov".
pub fn short_day(language: Language, date: Date) -> String {
    // In the genitive, as a date needs it.
    let month = if (language, date.month()) == (Language::Ru, 5) { "мая" } else { short_month_name(language, date) };
    format!("{}\u{a0}{month}", date.day())
}

/// A month where there is little room: «ноя 2026», "Nov 2026".
pub fn short_month(language: Language, date: Date) -> String {
    format!("{}\u{a0}{}", short_month_name(language, date), date.year())
}

fn day_and_month(language: Language, date: Date) -> String {
    // The genitive, as a date needs it: «24 ноября».
    const GENITIVE: [&str; 12] = [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ];
    match language {
        Language::Ru => format!("{} {}", date.day(), of_month(&GENITIVE, date)),
        Language::En => date.strftime("%-d %B").to_string(),
    }
}

fn short_month_name(language: Language, date: Date) -> &'static str {
    const RU: [&str; 12] = ["янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"];
    const EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    of_month(if language == Language::Ru { &RU } else { &EN }, date)
}

fn of_month(names: &[&'static str; 12], date: Date) -> &'static str {
    usize::try_from(date.month() - 1).ok().and_then(|month| names.get(month)).copied().unwrap_or_default()
}

fn label(language: Language, local: &Zoned, zone: &str) -> String {
    if zone == "UTC" || TimeZone::get(zone).is_err() {
        return "UTC".to_owned();
    }
    format!("{} ({})", zone_name(language, zone), offset(local.offset().seconds()))
}

fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '\u{2212}' } else { '+' };
    let minutes = seconds.abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// Offered in forms: every zone of Russia and its neighbours, and the zones in which most other people live.
/// Any name of the zone database is accepted all the same.
const OFFERED: &[&str] = &[
    "UTC",
    "Europe/Kaliningrad",
    "Europe/Moscow",
    "Europe/Samara",
    "Europe/Saratov",
    "Europe/Volgograd",
    "Asia/Yekaterinburg",
    "Asia/Omsk",
    "Asia/Novosibirsk",
    "Asia/Krasnoyarsk",
    "Asia/Irkutsk",
    "Asia/Yakutsk",
    "Asia/Chita",
    "Asia/Vladivostok",
    "Asia/Sakhalin",
    "Asia/Magadan",
    "Asia/Kamchatka",
    "Europe/Minsk",
    "Europe/Kyiv",
    "Europe/Chisinau",
    "Asia/Almaty",
    "Asia/Tashkent",
    "Asia/Bishkek",
    "Asia/Dushanbe",
    "Asia/Ashgabat",
    "Asia/Yerevan",
    "Asia/Baku",
    "Asia/Tbilisi",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Dublin",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Amsterdam",
    "Europe/Vienna",
    "Europe/Zurich",
    "Europe/Prague",
    "Europe/Warsaw",
    "Europe/Belgrade",
    "Europe/Stockholm",
    "Europe/Helsinki",
    "Europe/Riga",
    "Europe/Tallinn",
    "Europe/Vilnius",
    "Europe/Athens",
    "Europe/Sofia",
    "Europe/Bucharest",
    "Europe/Istanbul",
    "Asia/Jerusalem",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "Asia/Riyadh",
    "Asia/Dubai",
    "Asia/Tehran",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Jakarta",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Ulaanbaatar",
    "Asia/Seoul",
    "Asia/Tokyo",
    "Australia/Perth",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "America/Argentina/Buenos_Aires",
    "America/Halifax",
    "America/New_York",
    "America/Chicago",
    "America/Mexico_City",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
];
