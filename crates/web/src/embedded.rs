//! The files of `templates/` and `locales/`, as `build.rs` lists them.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
