//! No template stops the process. See `docs/develop/README.md` for how to run it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vestnik_model::template::{Content, Person, notices};

fuzz_target!(|template: &str| {
    notices(template, template, "");
    for (subject, html, text) in [("s", template, ""), (template, "", template)] {
        let Ok(content) = Content::compile(subject, html, text) else { continue };
        for (full_name, comment) in [("", ""), ("Анна Северова", "x&<\u{a0}1,2")] {
            let _ = content.render(Person { email: "anna@example.com", full_name, comment });
        }
    }
});
