//! Programs that are measured: each is a process of its own, so that time and memory of one are counted alike for all.
//!
//! The kernel's account of a program's peak memory begins with that of the process that started it. So the process
//! that measures keeps its own small: lists and logs are streamed, never held.

use std::{
    env, fs,
    io::{self, Read},
    path::Path,
    process::{ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use wait4::Wait4 as _;

/// What a program took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// Of all its threads, in user mode and in the kernel.
    pub(crate) cpu: Duration,
    /// Resident memory at its highest, in octets.
    pub(crate) peak: u64,
}

/// A folder for one run, which goes away with it. It is beside this program, where the build goes, and thus on a disk:
/// the folder for temporary files may be in memory. It has one name, so that what an interrupted run left is cleared by
/// the next.
pub(crate) fn folder() -> io::Result<TempDir> {
    let path = env::current_exe()?.with_file_name("bench-data");
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let parent = path.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix("bench-data").rand_bytes(0).tempdir_in(parent)
}

/// Runs a program to its end: what it took, and what it printed.
pub(crate) fn run(command: &mut Command) -> io::Result<(Usage, String)> {
    observe(command, |mut output| {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    })
}

/// Runs a program to its end: how many lines it printed.
pub(crate) fn count_lines(command: &mut Command) -> io::Result<usize> {
    let count = |mut output: ChildStdout| {
        let mut buffer = vec![0; 64 * 1_024];
        let mut lines = 0;
        loop {
            match output.read(&mut buffer)? {
                0 => return Ok(lines),
                length => lines += memchr::memchr_iter(b'\n', &buffer[..length]).count(),
            }
        }
    };
    Ok(observe(command, count)?.1)
}

fn observe<T>(command: &mut Command, read: impl FnOnce(ChildStdout) -> io::Result<T>) -> io::Result<(Usage, T)> {
    let name = name(command);
    let started = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
    let errors = child.stderr.take().map(|mut errors| {
        thread::spawn(move || {
            let mut text = Vec::new();
            let _ = errors.read_to_end(&mut text);
            text
        })
    });
    let read = child.stdout.take().map(read).transpose()?;
    let errors = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
    let ended = child.wait4()?;
    let usage =
        Usage { wall: started.elapsed(), cpu: ended.rusage.utime + ended.rusage.stime, peak: ended.rusage.maxrss };
    succeeded(&name, ended.status, &errors)?;
    let read = read.ok_or_else(|| io::Error::other(format!("{name}: no output")))?;
    Ok((usage, read))
}

/// The program and what it was to do, for messages. Not every word of it: some are passwords.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = command.get_args().map(|word| word.to_string_lossy()).take_while(|word| !word.starts_with('-'));
    std::iter::once(program.to_string_lossy()).chain(words.take(2)).collect::<Vec<_>>().join(" ")
}

fn succeeded(name: &str, status: ExitStatus, errors: &[u8]) -> io::Result<()> {
    if status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(errors);
    Err(io::Error::other(format!("{name} failed ({status}): {}", errors.trim())))
}
