//! Samples of reports.

use vestnik_model::{
    UnixMillis,
    id::{MailingId, RunId, UserId},
    period::Period,
    reason::Reason,
    run::{Counts, RunState},
    user::Language,
};
use vestnik_store::{breakdown::DomainFigures, figures::Figures};

use super::{Sample, errors_at, page};
use crate::{
    form::FormErrors,
    mailings::explanation::Explanation,
    page::Pager,
    reports::{
        breakdown::{BreakdownView, ReasonView, ReplyView},
        choice::OFFERED,
        drawing::DrawingView,
        mailing::{MailingReportView, RunRow},
        view::{CellView, LastView, OwnerView, ReportView, RowView},
    },
};

const NOW: UnixMillis = UnixMillis(1_795_503_600_000);
const NAME: &str = "Осеннее меню <Север>";

fn figures(sent: i64) -> Figures {
    let failed = sent % 7;
    Figures {
        attempts_ok: sent,
        attempts_failed: failed * 2,
        sent,
        failed,
        expired: sent % 3,
        skipped: sent % 2,
        unknown: 1,
        cancelled: 2,
    }
}

/// So many days, one of them without anything.
pub(super) fn drawing(days: i64) -> DrawingView {
    let period = Period::days_until(jiff::civil::date(2026, 11, 24), days);
    let by_day: Vec<Figures> =
        (0..days).map(|day| if day == 3 { Figures::default() } else { figures(day * 37 % 1_000) }).collect();
    DrawingView::of(Language::Ru, period, &by_day)
}

fn cell(words: &'static str, change: &str, before: Option<&str>, tone: &'static str) -> CellView {
    CellView { words, value: "48 211".into(), before: before.map(Into::into), change: change.into(), tone }
}

fn report(days: i64, anothers: bool) -> ReportView {
    let owner = OwnerView { id: UserId(7), name: NAME.into(), email: "\"><b>@example.org".into() };
    let row = |id| RowView {
        id: MailingId(id),
        name: NAME.into(),
        figures: if id == 1 { figures(12_204) } else { Figures { expired: 3, ..Figures::default() } },
        last_at: (id == 1).then_some(NOW),
    };
    ReportView {
        owner: anothers.then_some(owner),
        path: "/reports".into(),
        periods: OFFERED.map(|name| (name, name == "30" && days == 30)).into(),
        from: "\"><b>".into(),
        to: "2026-11-24".into(),
        today: "2026-11-24".into(),
        errors: FormErrors::none(),
        days: "26 октября – 24 ноября 2026".into(),
        zone: "Москва (UTC+3)".into(),
        days_before: "26 сентября – 25 октября 2026".into(),
        cells: vec![
            cell("figure-sent", "+312", Some("47 899"), "mute"),
            cell("figure-attempts-failed", "", Some("0"), "ok"),
            cell("figure-share", "+0,3 п. п.", None, "warn"),
        ],
        others: vec![("failed", 41), ("expired", 1), ("skipped", 2), ("unknown", 3), ("cancelled", 4)],
        drawing: (days > 0).then(|| drawing(days)),
        hours: (days > 0).then(|| DrawingView::of_hours(Language::Ru, &week())),
        weekdays: (days > 0).then(|| DrawingView::of_weekdays(Language::Ru, &week())),
        breakdown: (!anothers).then(breakdown),
        rows: vec![row(1), row(2)],
        pager: Pager { previous: None, next: Some("/reports?period=30&at=a5-12".into()) },
        mailings: (!anothers).then_some("/mailings"),
        days_csv: "/reports/days.csv?period=30".into(),
        mailings_csv: "/reports/mailings.csv?period=30".into(),
        workbook: "/reports/report.xlsx?period=30".into(),
        last: None,
    }
}

fn week() -> Vec<Figures> {
    (0..7 * 24).map(|hour| figures(hour * 11 % 300)).collect()
}

fn breakdown() -> BreakdownView {
    const HOSTILE: &str = "550 5.1.1 <script>User unknown</script>";
    let domain = |domain: &str, sent| DomainFigures {
        domain: domain.into(),
        total: sent + 3,
        sent,
        failed: 3,
        ..DomainFigures::default()
    };
    let reason =
        |reason: &Reason| ReasonView { reason: *reason, count: 61, explanation: super::mailings::explanation(HOSTILE) };
    let reply = |explanation: Explanation| ReplyView {
        reason: Reason::Full,
        explanation,
        attempts: 9_000,
        failed: 61,
        expired: 2,
        unknown: 1,
    };
    BreakdownView {
        domains: vec![domain("<b>.example.org", 12_000), domain("", 4), DomainFigures::default()],
        unsent: 671,
        of_unsent: Some(4_038),
        reasons: Reason::ALL
            .iter()
            .map(reason)
            .chain([ReasonView { explanation: Explanation::default(), ..reason(&Reason::Full) }])
            .collect(),
        replies: vec![reply(super::mailings::explanation(HOSTILE)), reply(Explanation::default())],
        waiting: 2,
        as_of: Some(NOW),
        newest: Some(1_000),
    }
}

fn mailing_report(runs: usize, anothers: bool) -> MailingReportView {
    let counts = Counts { recipients: 12_480, sent: 12_204, failed: 98, expired: 3, unknown: 1, ..Counts::default() };
    let row = |index: usize| RunRow {
        id: Some(RunId(7)),
        at: Some(NOW),
        when: "24 ноября 2026, 10:00".into(),
        state: Some(RunState::ALL[index % RunState::ALL.len()]),
        tone: "ok",
        sent_nothing: index % 2 == 1,
        counts: if index == 1 { Counts::default() } else { counts },
        decided: if index == 1 { 0 } else { 12_306 },
        seconds: (index != 1).then_some(377),
        rate: (index != 1).then(|| "32,4".into()),
    };
    let bars: Vec<_> = (0..30).map(|run| (NOW, figures(run * 37 % 1_000))).collect();
    MailingReportView {
        id: MailingId(5),
        name: NAME.into(),
        base: if anothers { "/manage/mailings" } else { "/mailings" },
        owner: anothers.then(|| OwnerView { id: UserId(7), name: NAME.into(), email: "\"><b>@example.org".into() }),
        time_zone: "Europe/Moscow".into(),
        zone: "Москва (UTC+3)".into(),
        runs: 24,
        total: RunRow { id: None, at: None, state: None, ..row(0) },
        drawing: (runs > 1).then(|| DrawingView::of_runs(Language::Ru, "Europe/Moscow", &bars)),
        rows: (0..runs).map(row).collect(),
        outages: super::mailings::outages(),
        pager: Pager { previous: None, next: Some("/mailings/5/report?at=a5".into()) },
        breakdown: if runs > 1 { breakdown() } else { BreakdownView::default() },
    }
}

pub(super) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    for anothers in [false, true] {
        for days in [0, 1, 30, 365, 2_000] {
            samples.push(page("reports/show.html", report(days, anothers)));
        }
        let last =
            LastView { day: "3 сентября 2026".into(), href: "/reports?from=2026-08-05&to=2026-09-03".into() };
        samples.push(page("reports/show.html", ReportView { last: Some(last), ..report(0, anothers) }));
        let errors = errors_at(&["from", "to"]);
        samples.push(page("reports/show.html", ReportView { errors, ..report(30, anothers) }));
        for runs in [0, 1, 8] {
            samples.push(page("reports/mailing.html", mailing_report(runs, anothers)));
        }
    }
    samples
}
