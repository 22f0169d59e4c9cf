//! Embeds `templates/` and `locales/`: a file laid into either folder is part of the program, with no list to keep.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("embedded.rs");
    let mut code = fs::File::create(out)?;
    for (name, folder) in [("TEMPLATES", "templates"), ("LOCALES", "locales")] {
        println!("cargo::rerun-if-changed={folder}");
        let base = root.join(folder);
        let mut files = Vec::new();
        walk(&base, &mut files)?;
        files.sort();
        writeln!(code, "/// Every file under `{folder}/`: its path inside the folder and its text.")?;
        writeln!(code, "pub(crate) static {name}: &[(&str, &str)] = &[")?;
        for file in files {
            let inside = file.strip_prefix(&base).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            writeln!(code, "    ({inside:?}, include_str!({:?})),", file.to_string_lossy())?;
        }
        writeln!(code, "];")?;
    }
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
