//! The settings as the process has them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use clap::CommandFactory as _;
use url::Url;

use super::Finding;
use crate::cli::{Cli, DoctorArgs};
use crate::commands::details;
use crate::config::fault_of_base_url;

/// Variables that are no flags: of logs, of the build, and of tests.
const OTHERS: &[&str] = &["VESTNIK_LOG", "VESTNIK_LOG_FORMAT", "VESTNIK_WEB_DIST"];
const OF_TESTS: &str = "VESTNIK_TEST_";

/// Looks at them.
pub fn look(args: &DoctorArgs) -> Vec<Finding> {
    let mut findings = vec![env_file(Path::new(".env")), variables(std::env::vars_os().map(|(name, _)| name))];
    findings.push(base_url(args.web.base_url.as_ref(), args.web.listen.ip(), args.web.behind_proxy));
    findings
}

/// The file may hold passwords.
fn env_file(path: &Path) -> Finding {
    const CHECK: &str = "settings";
    match path.metadata() {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let mode = found.permissions().mode() & 0o777;
            let found = format!(".env can be read by others (mode {mode:o}), and may hold passwords");
            Finding::warning(CHECK, found, "chmod 600 .env")
        }
        Ok(_) => Finding::ok(CHECK, ".env is its owner's alone"),
        Err(_) => Finding::ok(CHECK, "there is no .env in this folder; flags and variables count"),
    }
}

/// A name that nobody reads is a slip of the pen.
fn variables(names: impl Iterator<Item = std::ffi::OsString>) -> Finding {
    const CHECK: &str = "variables";
    let known = known_variables();
    let strange: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("VESTNIK_") && !name.starts_with(OF_TESTS) && !known.contains(name))
        .collect();
    if strange.is_empty() {
        Finding::ok(CHECK, "every VESTNIK_ variable is known")
    } else {
        let advice = "correct or remove it; .env.sample has the names";
        Finding::warning(CHECK, format!("nothing reads {}", strange.join(", ")), advice)
    }
}

fn known_variables() -> BTreeSet<String> {
    let cli = Cli::command();
    let of_flags = cli.get_subcommands().flat_map(|command| command.get_arguments()).filter_map(|flag| flag.get_env());
    let of_flags = of_flags.map(|name| name.to_string_lossy().into_owned());
    let others = OTHERS.iter().map(|name| (*name).to_owned());
    of_flags.chain(others).chain(details::variables()).collect()
}

/// What stands in letters.
fn base_url(url: Option<&Url>, listen: IpAddr, behind_proxy: bool) -> Finding {
    const CHECK: &str = "base URL";
    let Some(url) = url else {
        if behind_proxy {
            let found = "VESTNIK_BEHIND_PROXY is set and VESTNIK_BASE_URL is not: the service does not start";
            return Finding::problem(CHECK, found, "set it to the address by which people reach the proxy");
        }
        let found = "VESTNIK_BASE_URL is not set: links in letters lead to the address that is listened on";
        return if listen.is_loopback() {
            Finding::ok(CHECK, format!("{found}, on this machine"))
        } else {
            Finding::warning(CHECK, found, "set it to the address by which people reach the service")
        };
    };
    let advice = "name the address by which people reach the service, as https://mail.example.com/";
    if let Some(fault) = fault_of_base_url(url) {
        return Finding::problem(CHECK, format!("VESTNIK_BASE_URL {fault}"), advice);
    }
    if url.scheme() == "http" && !url.host_str().is_some_and(is_here) {
        let advice = "put a proxy with TLS in front and name it with https://, or passwords can be read on the way";
        return Finding::warning(CHECK, format!("{url} is not encrypted"), advice);
    }
    Finding::ok(CHECK, url.to_string())
}

/// Whether a host is this machine, as far as its name says so.
pub fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Level;

    #[test]
    fn a_variable_that_nothing_reads_is_told_of() {
        let told = |names: &[&str]| variables(names.iter().map(|name| (*name).into()));
        let fine = [
            "VESTNIK_SMTP_URL",
            "VESTNIK_LOG",
            "VESTNIK_BASE_URL",
            "VESTNIK_TEST_POSTGRES_URL",
            "VESTNIK_ADMIN_PASSWORD",
            "PATH",
        ];
        assert_eq!(told(&fine).level, Level::Ok);
        let slip = told(&["VESTNIK_SMPT_URL", "VESTNIK_LISTEN"]);
        assert_eq!((slip.level, slip.found.as_str()), (Level::Warning, "nothing reads VESTNIK_SMPT_URL"));
    }

    #[test]
    fn an_address_for_people() {
        let lan: IpAddr = "0.0.0.0".parse().unwrap();
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        for (url, listen, level) in [
            (None, here, Level::Ok),
            (None, lan, Level::Warning),
            (Some("https://mail.example.com/"), lan, Level::Ok),
            (Some("http://mail.example.com/"), lan, Level::Warning),
            (Some("http://localhost:8000/"), here, Level::Ok),
            (Some("http://[::1]:8000/"), here, Level::Ok),
            (Some("ftp://mail.example.com/"), lan, Level::Problem),
            (Some("mailto:anna@example.com"), lan, Level::Problem),
            (Some("https://anna:secret@mail.example.com/"), lan, Level::Problem),
            (Some("https://:secret@mail.example.com/"), lan, Level::Problem),
        ] {
            let parsed = url.map(|url| Url::parse(url).unwrap());
            let finding = base_url(parsed.as_ref(), listen, false);
            assert_eq!(finding.level, level, "{url:?}: {finding:?}");
            assert!(!finding.found.contains("secret"));
        }
        assert_eq!(base_url(None, here, true).level, Level::Problem);
        let url = Url::parse("https://mail.example.com/").unwrap();
        assert_eq!(base_url(Some(&url), here, true).level, Level::Ok);
    }

    #[test]
    fn a_file_that_others_read_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        assert_eq!(env_file(&path).level, Level::Ok);
        std::fs::write(&path, "").unwrap();
        for (mode, level) in [(0o600, Level::Ok), (0o640, Level::Warning), (0o604, Level::Warning)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(env_file(&path).level, level, "{mode:o}");
        }
    }
}
