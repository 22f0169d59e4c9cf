//! The templates that the guides show and that the demo sends are compiled and rendered, also for someone without a name.

use std::fs;
use std::path::Path;

use vestnik_model::template::{Content, Person};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn works(name: &str, subject: &str, html: &str, text: &str) {
    let content = Content::compile(subject, html, text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    for (full_name, comment) in [("", ""), ("Анна", "постоянный"), ("Anna North", "regular")] {
        let person = Person { email: "anna@example.com", full_name, comment };
        content.render(person).unwrap_or_else(|problems| panic!("{name}, «{full_name}»: {problems:?}"));
    }
}

/// Everything in a page's code that looks like a template: whole blocks, and code within a line.
fn templates_of(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            match block.take() {
                Some(code) => found.push(code),
                None => block = Some(String::new()),
            }
        } else if let Some(code) = &mut block {
            code.push_str(line);
            code.push('\n');
        } else {
            // In a table a bar has to be escaped.
            found.extend(line.split('`').skip(1).step_by(2).map(|code| code.replace("\\|", "|")));
        }
    }
    found.retain(|code| code.contains("{{") || code.contains("{%"));
    found
}

#[test]
fn templates_of_the_guides_work() {
    let mut count = 0;
    for folder in ["docs/guide/en", "docs/guide/ru", "docs/admin/en", "docs/admin/ru"] {
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            for template in templates_of(&fs::read_to_string(&path).unwrap()) {
                count += 1;
                works(&format!("{}: {template}", path.display()), "s", &template, "");
                works(&format!("{}: {template}", path.display()), "s", "", &template);
            }
        }
    }
    assert!(count >= 40, "{count}: the guides show more than that");
}

#[test]
fn templates_of_the_demo_work() {
    let folder = Path::new(ROOT).join("crates/app/src/commands/demo");
    let pages: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "html"))
        .collect();
    assert!(pages.len() >= 3);
    for path in pages {
        let html = fs::read_to_string(&path).unwrap();
        works(&path.display().to_string(), "{{ recipient.full_name }}, осеннее меню уже ждёт", &html, "");
    }
}

/// What people have written before the language was bounded.
#[test]
fn templates_of_before_work() {
    let templates = [
        "<h1>Привет, {{ recipient.full_name }}!</h1><p>{{ recipient.comment }}</p><p>{{ recipient.email }}</p>",
        "{{ 7 * 7 }}{% for i in range(3) %}{{ i }}{% endfor %}",
        "<p>{{ recipient.full_name|split(\" \")|last|first }}</p><p>{{ (recipient.full_name|split(\" \"))[1] }}</p>",
        "{% set name = recipient.full_name %}{{ name or 'друг' }}",
        "<ul>{% for i in [1,2] %}<li>№{{ i }}</li>{% endfor %}</ul>",
        "{{ recipient.full_name | default('друг', true) | title }}",
        "{% if recipient.email is endingwith('@example.com') and not recipient.comment %}x{% endif %}",
        "{%- if recipient.comment in ['regular', 'постоянный'] -%} x {%- endif -%}",
    ];
    for template in templates {
        works(template, "s", template, "");
        works(template, template, "", template);
    }
}
