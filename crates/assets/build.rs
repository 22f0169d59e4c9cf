//! Builds the front end with npm and Vite into `OUT_DIR` and turns the result into code to embed. `VESTNIK_WEB_DIST`
//! names a folder that `npm run build` made elsewhere, for machines without npm.

use serde_json::Value;
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the built files depend on. Not all of `src`: a change in the Rust files needs no new front end.
const SOURCES: [&str; 9] = [
    "src/app.ts",
    "src/app.scss",
    "src/styles",
    "src/islands",
    "src/favicon.svg",
    "src/icons.txt",
    "package.json",
    "package-lock.json",
    "vite.config.js",
];

type Result<T> = std::result::Result<T, String>;

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    println!("cargo::rerun-if-env-changed=VESTNIK_WEB_DIST");
    if let Err(error) = run() {
        println!("cargo::error={}", error.replace('\n', " "));
    }
}

fn run() -> Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let dist = out.join("dist");
    match env::var_os("VESTNIK_WEB_DIST") {
        Some(prebuilt) => copy(Path::new(&prebuilt), &dist)
            .map_err(|error| format!("VESTNIK_WEB_DIST must name a folder made by `npm run build`: {error}"))?,
        None => {
            install()?;
            let dist = dist.to_string_lossy();
            npm(&["run", "build", "--", "--emptyOutDir", "--outDir", &dist])?;
        }
    }
    // Vite's notes about the files are for us, not for browsers.
    let notes = out.join("notes");
    let _ = fs::remove_dir_all(&notes);
    at(&notes, fs::rename(dist.join(".vite"), &notes))?;

    // Not load_directory(): it asks cargo to watch the folder, which has just been written, and so would run this
    // script on every build.
    let files = memory_serve::assets_to_code("", &dist, &out, true, |_| {});
    let code = format!(
        "pub(crate) static FILES: &[memory_serve::Asset] = {files};\n{}{}",
        table("URLS", &urls(&json(&notes.join("manifest.json"))?)),
        table("ICONS", &strings(&json(&notes.join("icons.json"))?)),
    );
    let target = out.join("files.rs");
    at(&target, fs::write(&target, code))
}

/// `npm ci`, unless the packages of this very lock file are there already. Two builds may want it at once (two target
/// folders, an editor beside a terminal), hence the lock.
fn install() -> Result<()> {
    let wanted = Path::new("package-lock.json");
    let stamp = Path::new("node_modules/.installed-lock.json");
    let guard = at(wanted, File::open(wanted))?;
    at(wanted, guard.lock())?;
    let wanted_bytes = at(wanted, fs::read(wanted))?;
    if fs::read(stamp).is_ok_and(|installed| installed == wanted_bytes) {
        return Ok(());
    }
    npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    at(stamp, fs::write(stamp, wanted_bytes))
}

fn npm(args: &[&str]) -> Result<()> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = match Command::new(program).args(args).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err("building the web interface needs npm (install Node.js 20.19 or newer), \
                 or VESTNIK_WEB_DIST naming a folder with an already built one"
                .into());
        }
        Err(error) => return Err(format!("npm could not be started: {error}")),
    };
    if output.status.success() {
        return Ok(());
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stdout));
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    Err(format!("`npm {}` failed; its output is below", args.join(" ")))
}

/// A built folder is flat but for `.vite`.
fn copy(from: &Path, to: &Path) -> Result<()> {
    println!("cargo::rerun-if-changed={}", from.display());
    let _ = fs::remove_dir_all(to);
    for part in [Path::new(""), Path::new(".vite")] {
        let (from, to) = (from.join(part), to.join(part));
        at(&to, fs::create_dir_all(&to))?;
        for entry in at(&from, fs::read_dir(&from))? {
            let entry = at(&from, entry)?;
            if entry.path().is_file() {
                let target = to.join(entry.file_name());
                at(&target, fs::copy(entry.path(), &target))?;
            }
        }
    }
    Ok(())
}

/// Vite's manifest as the names that pages use: `src/app.scss` is `app.css`, a font is its file name.
fn urls(manifest: &Value) -> BTreeMap<String, String> {
    let mut urls = BTreeMap::new();
    for (source, entry) in manifest.as_object().into_iter().flatten() {
        if let (Some(name), Some(file)) = (source.rsplit('/').next(), entry["file"].as_str()) {
            let name = name.replace(".scss", ".css").replace(".ts", ".js");
            urls.insert(name, format!("/assets/{file}"));
        }
    }
    urls
}

fn strings(object: &Value) -> BTreeMap<String, String> {
    let pairs = object.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Sorted by name, as the lookup in lib.rs relies on.
fn table(name: &str, pairs: &BTreeMap<String, String>) -> String {
    let mut code = format!("pub(crate) static {name}: &[(&str, &str)] = &[\n");
    for (key, value) in pairs {
        let _ = writeln!(code, "    ({key:?}, {value:?}),");
    }
    code + "];\n"
}

fn json(path: &Path) -> Result<Value> {
    let text = at(path, fs::read_to_string(path))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|error| format!("{}: {error}", path.display()))
}
