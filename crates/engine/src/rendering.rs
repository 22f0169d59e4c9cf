//! Rendering a message for one recipient, in the one way that sending and [`crate::render_check`] share.

use vestnik_model::problem::Problems;
use vestnik_model::template::{Content, Person, RenderLimits, Rendered};

/// Test hook, in debug builds alone: rendering ends the process for a recipient with the comment that this variable names.
/// No release build has it, so that no environment can make a service end itself.
#[cfg(debug_assertions)]
pub const ABORT_FOR: &str = "VESTNIK_TEST_ABORT_RENDERING_FOR";
/// The same: rendering takes, for a recipient with this comment, until the file exists that the other variable names. That
/// it waits is told by a file of that name with `.waiting`.
#[cfg(debug_assertions)]
const HOLD_FOR: &str = "VESTNIK_TEST_HOLD_RENDERING_FOR";
#[cfg(debug_assertions)]
const HOLD_UNTIL: &str = "VESTNIK_TEST_HOLD_RENDERING_UNTIL";

#[cfg(debug_assertions)]
fn obey_test(person: Person<'_>) {
    let is_meant = |name| !person.comment.is_empty() && std::env::var(name).is_ok_and(|named| named == person.comment);
    if is_meant(ABORT_FOR) {
        std::process::abort();
    }
    if is_meant(HOLD_FOR)
        && let Ok(path) = std::env::var(HOLD_UNTIL)
    {
        let _ = std::fs::write(format!("{path}.waiting"), "");
        while !std::path::Path::new(&path).exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

/// Renders a message within limits.
///
/// # Errors
/// What is wrong with its templates.
pub fn render(content: &Content, person: Person<'_>, limits: RenderLimits<'_>) -> Result<Rendered, Problems> {
    #[cfg(debug_assertions)]
    obey_test(person);
    content.render_within(person, limits)
}
