//! Samples of mailings and of the overview.

use vestnik_model::{
    UnixMillis,
    delivery::Fate,
    id::{AttemptId, MailingId, MessageId, RecipientId, RunId, UserId},
    mailing::{Audience, MailingStatus, UnknownPolicy},
    outage::OutageKind,
    problem::{Problem, StoredProblem},
    reason::Reason,
    run::{Counts, Run, RunState},
    schedule::Periodicity,
};

use super::{Sample, errors_at, page, typed};
use crate::{
    dashboard::{DashboardView, FiguresView, LiveRunsView, StepView, UpcomingView},
    form::FormErrors,
    mailings::{
        StatusView,
        again::ResendView,
        attempts::{self, AttemptResult, AttemptsQuery, AttemptsView},
        choose::{ChooseView, Pick},
        control::{CancelView, DisableView},
        delete::DeleteView,
        explanation::Explanation,
        fates::{self, FatesQuery, FatesView},
        form::{FormView, LateView, MailingForm},
        list::{ListView, Row},
        live::{Failures, Live},
        outages::OutageView,
        progress::RunView,
        review::{BeforeView, Check, LaterView, LetterView, ReviewView},
        show::{FailureView, FailuresView, LiveView, MailingView, ShowView, TotalsView},
    },
    page::Pager,
    reports::breakdown::ReasonView,
};

const NOW: UnixMillis = UnixMillis(1_795_503_600_000);
const NAME: &str = "Осеннее меню <Север>";

pub(super) fn run(state: RunState) -> RunView {
    let counts = Counts {
        recipients: 12_480,
        sent: 6_273,
        failed: 41,
        expired: 1,
        skipped: 2,
        unknown: 3,
        cancelled: 4,
        attempts_ok: 6_273,
        attempts_failed: 99,
    };
    let run = Run {
        id: RunId(17),
        mailing_id: MailingId(5),
        owner_id: UserId(1),
        occurrence_at: NOW,
        planned_at: NOW,
        state,
        begins_at: UnixMillis(NOW.0 + 27_000),
        ends_at: None,
        key: "k".into(),
        on_unknown: UnknownPolicy::Hold,
        unrenderable_for: None,
        paused_by: if state == RunState::Paused { "550 <b>sender".into() } else { String::new() },
        pause_problem: if state == RunState::Planned {
            r#"{"id":"problem-template-unclosed-quote","args":[["line","3"]]}"#.into()
        } else {
            String::new()
        },
        paused_at: None,
        started_at: Some(NOW),
        finished_at: state.is_final().then_some(NOW),
        counts: if state == RunState::Planned { Counts::default() } else { counts },
    };
    let next_try = (state == RunState::Sending).then_some(NOW);
    let sent_nothing = state == RunState::Cancelled;
    RunView {
        paused_at: Some(NOW),
        next_try,
        sent_nothing,
        outages: outages(),
        ..RunView::of(&run, NAME, Some(37.2), NOW)
    }
}

fn status(name: MailingStatus, next: bool) -> StatusView {
    StatusView { name, tone: "act", next_at: next.then_some(NOW), disabled_at: (!next).then_some(NOW) }
}

pub(super) fn rows() -> Vec<Row> {
    let row = |id, status, going| Row {
        id: MailingId(id),
        name: NAME.into(),
        subject: "4 новых <вкуса>".into(),
        audience: Audience::All,
        status,
        time_zone: "Europe/Moscow".into(),
        sent: 12_204,
        failed: 98 * (id % 2),
        going,
    };
    vec![
        row(1, status(MailingStatus::Running, false), Some((RunState::Paused, 6_314, 12_480))),
        row(2, status(MailingStatus::Created, true), None),
        row(3, status(MailingStatus::Completed, false), None),
    ]
}

fn mailing(planned: bool) -> MailingView {
    MailingView {
        id: MailingId(5),
        name: NAME.into(),
        message_id: MessageId(3),
        subject: "4 новых <вкуса>".into(),
        audience: if planned { Audience::All } else { Audience::Chosen },
        recipients: 12_480,
        starts_at: planned.then_some(NOW),
        ends_at: planned.then_some(NOW),
        periodicity: if planned { Periodicity::Monthly } else { Periodicity::Once },
        time_zone: "Europe/Moscow".into(),
        status: status(MailingStatus::Created, planned),
        over: !planned,
    }
}

pub(super) fn figures(full: bool) -> FiguresView {
    if !full {
        return FiguresView::default();
    }
    FiguresView {
        recipients: 12_480,
        messages: 3,
        mailings: 24,
        sent: 48_211,
        failed: 387,
        sent_month: 12_204,
        sent_change: "+312".into(),
        attempts_ok: 48_211,
        attempts_failed: 900,
    }
}

fn pager(full: bool) -> Pager {
    let to = |cursor: &str| full.then(|| format!("/mailings?at={cursor}"));
    Pager { previous: to("b1"), next: to("a9") }
}

/// Of every kind, some of which go on.
pub(super) fn outages() -> Vec<OutageView> {
    let view = |(index, kind): (usize, &OutageKind)| OutageView {
        server: "mx.example.org:25".into(),
        kind: *kind,
        since: NOW,
        ended_at: index.is_multiple_of(2).then_some(NOW),
        explanation: explanation("<script>421"),
    };
    OutageKind::ALL.iter().enumerate().map(view).collect()
}

/// What went wrong, with these words of the server.
pub(super) fn explanation(reply: &str) -> Explanation {
    let problem = Problem::new("smtp-reply-mismatch").with("said", "<b>250");
    Explanation { error: StoredProblem::of(Some(&problem)), phase: "rcpt-to".into(), reply: reply.into() }
}

fn live(state: Option<RunState>) -> LiveView {
    LiveView {
        id: MailingId(5),
        name: NAME.into(),
        over: false,
        outages: outages(),
        status: status(MailingStatus::Running, true),
        disabled_reason: "<b>prices</b>".into(),
        disabled_by_manager: state.is_none(),
        going: state.is_some_and(|state| !state.is_final()),
        last_at: state.filter(|state| state.is_final()).map(|_| NOW),
        runs: state.map(run).into_iter().collect(),
        time_zone: "Europe/Moscow".into(),
        may_send: true,
        sender: "Север <news@sever.example>".into(),
        totals: state.is_some().then_some(TotalsView { sent: 12_204, failed: 98, attempts: 12_302 }),
    }
}

pub(super) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    for full in [true, false] {
        let rows = || if full { rows() } else { Vec::new() };
        samples.push(page("mailings/list.html", ListView { rows: rows(), pager: pager(full), total: 24 }));
        let runs = if full { vec![run(RunState::Sending)] } else { Vec::new() };
        let live = LiveRunsView { runs, outages: outages(), ..LiveRunsView::default() };
        let drawing = full.then(|| super::reports::drawing(30));
        let month = "26 октября – 24 ноября 2026, Москва (UTC+3)".to_owned();
        let step = |(index, name): (usize, &'static str)| StepView {
            name,
            done: index == 0 && full,
            next: index == 1,
            href: if index == 0 { String::new() } else { "/mailings/new".into() },
        };
        let steps = ["confirm", "recipients", "message", "mailing", "send"].into_iter().enumerate();
        let reason = |reason: &Reason| ReasonView { reason: *reason, count: 61, explanation: explanation("<b>") };
        let view = DashboardView {
            live,
            figures: figures(full),
            drawing,
            month,
            recent: rows(),
            steps: steps.map(step).collect(),
            upcoming: full.then(|| UpcomingView { id: MailingId(5), name: NAME.into(), at: NOW }).into_iter().collect(),
            reasons: if full { Reason::ALL.iter().map(reason).collect() } else { Vec::new() },
            time_zone: "Europe/Moscow".into(),
            past: if full { outages() } else { Vec::new() },
        };
        samples.push(page("dashboard/show.html", view));
        samples.push(page("mailings/review.html", review(full)));
        samples.push(page("mailings/attempts.html", ledger(full)));
        samples.push(page("mailings/fates.html", fates(full)));
        samples.push(page("mailings/form.html", form(full)));
    }
    for state in RunState::ALL {
        let runs = LiveRunsView { runs: vec![run(*state)], ..LiveRunsView::default() };
        samples.push(page("dashboard/live.html", Live { live: &runs }));
        samples.push(page("mailings/live.html", Live { live: &live(Some(*state)) }));
        samples.push(page("mailings/head.html", Live { live: &live(Some(*state)) }));
        let disabled = LiveView { status: status(MailingStatus::Created, false), over: true, ..live(Some(*state)) };
        samples.push(page("mailings/live.html", Live { live: &disabled }));
        samples.push(page("mailings/head.html", Live { live: &disabled }));
        samples.push(page("mailings/cancel.html", CancelView { run: run(*state) }));
        samples.push(page("mailings/resend.html", ResendView { run: run(*state) }));
        let failures = vec![
            FailureView {
                reason: Reason::Other,
                code: Some(550),
                explanation: explanation("550 5.1.1 <script>User unknown</script>"),
                count: 61,
            },
            FailureView { reason: Reason::Other, code: None, explanation: Explanation::default(), count: 1 },
        ];
        let view = ShowView {
            broken: vec!["<Север>".into()],
            mailing: mailing(*state == RunState::Completed),
            live: live(Some(*state)),
            runs: vec![run(*state)],
            failures: FailuresView { mailing: MailingId(5), run: Some(RunId(17)), rows: failures },
        };
        samples.push(page("mailings/failures.html", Failures { failures: &view.failures }));
        samples.push(page("mailings/show.html", view));
    }
    let empty = ShowView {
        broken: Vec::new(),
        mailing: mailing(false),
        live: live(None),
        runs: Vec::new(),
        failures: FailuresView { mailing: MailingId(5), run: None, rows: Vec::new() },
    };
    samples.push(page("mailings/show.html", empty));
    samples.push(page("mailings/live.html", Live { live: &live(None) }));
    for going in [true, false] {
        samples.push(page("mailings/disable.html", DisableView { id: MailingId(5), name: NAME.into(), going }));
    }
    samples.push(page("mailings/delete.html", DeleteView { id: MailingId(5), name: NAME.into() }));
    samples
}

fn review(full: bool) -> ReviewView {
    let checks = [
        ("ok", "recipients"),
        ("warn", "no-recipients"),
        ("ok", "renders"),
        ("ok", "renders-for-some"),
        ("warn", "fails-for"),
        ("warn", "fails-for-some"),
        ("warn", "not-tried"),
        ("warn", "broken"),
        ("warn", "embedded-pictures"),
        ("warn", "subject-entities"),
        ("ok", "size"),
        ("warn", "clipped"),
        ("mute", "text-only"),
        ("mute", "text-made"),
        ("warn", "unconfirmed"),
        ("warn", "disabled"),
        ("warn", "window-over"),
        ("wait", "catcher"),
    ];
    let letter = LetterView {
        from: "Кофейня <Север>".into(),
        address: "hello@sever.example".into(),
        initial: "С".into(),
        subject: "4 новых <вкуса>".into(),
        beginning: "Тыквенный раф".into(),
        sample: full.then(|| "anna@example.org".into()),
        sample_id: full.then_some(RecipientId(1)),
    };
    ReviewView {
        mailing: mailing(full),
        letter: full.then_some(letter),
        checks: checks
            .map(|(tone, words)| {
                let recipient = words.starts_with("fails-for").then(|| (RecipientId(1), "Анна <Север>".into()));
                Check { tone, words, n: 38, detail: "<b>".into(), recipient }
            })
            .into(),
        ready: full,
        going: !full,
        before: full.then_some(BeforeView { at: NOW, sent: 12_204, missed: 98 }),
        seconds_to_undo: 30,
        later: LaterView { starts_at: "2026-11-25T10:00".into(), version: 2, zone: "Москва, UTC+3".into() },
    }
}

fn fates(full: bool) -> FatesView {
    let row = |fate: &Fate| fates::Row {
        id: (*fate != Fate::Skipped).then_some(RecipientId(3)),
        email: "anna@example.org".into(),
        full_name: "Анна <Север>".into(),
        fate: *fate,
        attempts: if *fate == Fate::Failed { 6 } else { 1 },
        at: (*fate != Fate::Expired).then_some(NOW),
        explanation: if *fate == Fate::Failed { explanation("550 5.1.1 <b>nobody") } else { Explanation::default() },
    };
    let query = FatesQuery { fate: "failed".into(), text: "\"><b>".into(), ..FatesQuery::default() };
    FatesView {
        id: MailingId(5),
        name: NAME.into(),
        query,
        run: full.then_some(RunId(17)),
        runs: if full { vec![(RunId(17), NOW), (RunId(16), NOW)] } else { Vec::new() },
        fates: Fate::ALL,
        rows: if full { Fate::ALL.iter().map(row).collect() } else { Vec::new() },
        pager: Pager { previous: None, next: Some("/mailings/5/recipients?at=a100".into()) },
        csv: "/mailings/5/recipients.csv?fate=failed".into(),
        now: NOW,
    }
}

fn ledger(full: bool) -> AttemptsView {
    let row = |id, result| attempts::Row {
        id: AttemptId(id),
        email: "anna@example.org".into(),
        at: NOW,
        result,
        number: id,
        explanation: explanation("250 2.0.0 <b>OK</b>"),
        server: "mx.example.org:25".into(),
        tls: "TLS 1.3".into(),
        duration_ms: 1_280,
    };
    AttemptsView {
        id: MailingId(5),
        name: NAME.into(),
        query: AttemptsQuery {
            run: if full { "17".into() } else { "9".into() },
            successful: if full { "no".into() } else { String::new() },
            code: "550".into(),
            text: "\"><b>".into(),
            at: String::new(),
        },
        codes: vec![250, 550],
        runs: if full { vec![(RunId(17), NOW), (RunId(16), NOW)] } else { Vec::new() },
        rows: match full {
            true => {
                vec![row(1, AttemptResult::Successful), row(2, AttemptResult::Failed), row(3, AttemptResult::Unknown)]
            }
            false => Vec::new(),
        },
        pager: pager(full),
        csv: "/mailings/5/attempts.csv".into(),
        now: NOW,
    }
}

fn form(full: bool) -> FormView {
    let pick = |id, ticked| Pick {
        id: RecipientId(id),
        email: "anna@example.org".into(),
        full_name: "Анна <Север>".into(),
        ticked,
    };
    let choose = ChooseView {
        picks: vec![pick(1, true), pick(2, false)],
        carried: vec![RecipientId(9)],
        matching: 312,
        everyone: 12_480,
        more: true,
    };
    FormView {
        late: full.then(|| LateView { days: 365, recipients: 12_480, agreement: "2025-11-24T10:00/12480".into() }),
        typed: typed(full),
        id: full.then_some(MailingId(5)),
        form: MailingForm {
            name: NAME.into(),
            message_id: "3".into(),
            audience: if full { "keep".into() } else { "chosen".into() },
            search: if full { "анна".into() } else { String::new() },
            when: if full { "planned".into() } else { "demand".into() },
            starts_at: "2026-11-24T10:00".into(),
            periodicity: "weekly".into(),
            time_zone: "Europe/Moscow".into(),
            on_unknown: if full { "resend".into() } else { "hold".into() },
            all: full.then(|| "1".into()),
            ..MailingForm::default()
        },
        errors: if full {
            errors_at(&[
                "message_id",
                "name",
                "audience",
                "when",
                "starts_at",
                "ends_at",
                "periodicity",
                "time_zone",
                "on_unknown",
            ])
        } else {
            FormErrors::none()
        },
        messages: if full { vec![("3".into(), "4 новых <вкуса>".into())] } else { Vec::new() },
        zones: vec![("Europe/Moscow".into(), "Москва (UTC+3)".into())],
        choose: if full { choose } else { ChooseView::default() },
        kept: full.then_some(5_000),
    }
}
