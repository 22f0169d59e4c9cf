//! `vestnik render-check`, which the engine runs after a crash: renders what it reads, in little memory and time. No
//! database, no settings.

use std::io::{stdin, stdout};

use rustix::process::{Resource, Rlimit, setrlimit};
use vestnik_engine::render_check;

use crate::failure::Failure;

/// Memory that rendering may take beside what this program needs by itself, in bytes.
const MEMORY: u64 = 512 * 1024 * 1024;
/// Processor time, in seconds. The engine waits for half a minute for each recipient.
const SECONDS: u64 = 600;

/// Sets the limits, then renders.
pub fn run() -> Result<(), Failure> {
    for (resource, most) in [(Resource::Data, MEMORY), (Resource::Cpu, SECONDS), (Resource::Core, 0)] {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| Failure::failed(format!("no limits can be set: {error}")))?;
    }
    Ok(render_check::child(stdin().lock(), stdout())?)
}
