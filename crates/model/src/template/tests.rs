use super::*;

const ANNA: Person<'_> =
    Person {
        email: "anna@example.com", full_name: "Анна <Север>", comment: "любит\r\nBcc: all@example.com"
    };

fn render(subject: &str, html: &str, text: &str) -> Rendered {
    Content::compile(subject, html, text).unwrap().render(ANNA).unwrap()
}

/// What a text template makes for Anna, or the problem that stands in its way: id, line, what it speaks of.
fn text(template: &str) -> Result<String, (String, String, String)> {
    text_for(template, ANNA)
}

fn text_for(template: &str, person: Person<'_>) -> Result<String, (String, String, String)> {
    let content = Content::compile("s", "", template).map_err(first)?;
    content.render(person).map(|rendered| rendered.text).map_err(first)
}

fn first(problems: Problems) -> (String, String, String) {
    let (_, problem) = problems.iter().next().unwrap();
    let argument = |name: &str| {
        problem.args.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let detail = ["detail", "found", "tag"].iter().map(|name| argument(name)).find(|value| !value.is_empty());
    (problem.id.to_string(), argument("line"), [detail.unwrap_or_default(), argument("instead")].join(">"))
}

fn problem(template: &str) -> (String, String) {
    match text(template) {
        Err((id, _, detail)) => (id.trim_start_matches("problem-template-").to_owned(), detail),
        Ok(text) => ("none".to_owned(), text),
    }
}

#[test]
fn html_is_escaped_subject_and_text_are_not() {
    let rendered =
        render("Для {{ recipient.full_name }}", "<p>{{ recipient.full_name }}</p>", "{{ recipient.full_name }}");
    assert_eq!(rendered.subject, "Для Анна <Север>");
    assert_eq!(rendered.html.as_deref(), Some("<p>Анна &lt;Север&gt;</p>"));
    assert_eq!(rendered.text, "Анна <Север>");
    let markup = render("s", "{{ '<b>'|safe }}{{ '<b>' }}{{ '<b>'|e }}{{ '<b>'|safe|upper }}", "");
    assert_eq!(markup.html.as_deref(), Some("<b>&lt;b&gt;&lt;b&gt;&lt;B&gt;"));
}

#[test]
fn a_field_cannot_break_out_of_the_subject() {
    assert_eq!(render("{{ recipient.comment }}", "", "x").subject, "любит Bcc: all@example.com");
}

#[test]
fn the_text_is_made_from_the_html_when_absent() {
    let simple =
        render("s", "<h1>Меню</h1><p>{{ recipient.full_name }}, <a href=\"https://a.example/\">вот</a></p>", "");
    assert!(simple.text.contains("Анна <Север>,"), "{}", simple.text);
    assert!(simple.text.contains("https://a.example/"), "{}", simple.text);
    let looped = render("s", "<ul>{% for i in [1,2] %}<li>№{{ i }}</li>{% endfor %}</ul>", "");
    assert!(looped.text.contains("№1") && looped.text.contains("№2"), "{}", looped.text);
    // What the HTML says in entities is text, and no placeholder.
    let braces = render("s", "<p>&#123;{ recipient.email }} {{ recipient.email }}</p>", "");
    assert_eq!(braces.text.trim(), "{{ recipient.email }} anna@example.com");
}

#[test]
fn a_cancelled_rendering_ends() {
    let content = Content::compile("s", "", "{% for i in range(9999) %}{{ i }}{% endfor %}").unwrap();
    let asked = std::cell::Cell::new(0);
    let cancelled = || {
        asked.set(asked.get() + 1);
        asked.get() > 5
    };
    let problems = content.render_within(ANNA, RenderLimits { cancelled: Some(&cancelled) }).unwrap_err();
    assert_eq!(first(problems).0, "problem-template-cancelled");
}

#[test]
fn the_language() {
    let cases = [
        // Whitespace, line ends, raw.
        ("a\n", "a"),
        ("a\r\n\n", "a\r\n"),
        ("a {{- 1 -}} b", "a1b"),
        ("a {%- if true -%} b {%- endif -%} c", "abc"),
        ("{% raw %}{{ x }}{% if %}{% endraw %}!", "{{ x }}{% if %}!"),
        ("a {%- raw -%} b {%- endraw -%} c", "abc"),
        ("{% if true +%} b{% endif %}", " b"),
        // Literals and operators.
        ("{{ 1 + 2 * 3 - 4 }}", "3"),
        ("{{ (1 + 2) * 3 }}", "9"),
        ("{{ 7 / 2 }} {{ 7 // 2 }} {{ 7 % 2 }} {{ -7 // 2 }} {{ -7 % 2 }}", "3.5 3 1 -4 1"),
        ("{{ 4 / 2 }}", "2.0"),
        ("{{ -2|abs }} {{ 2.5|round }} {{ 2.456|round(2) }}", "2 3.0 2.46"),
        ("{{ true }} {{ False }} [{{ none }}]", "true false []"),
        ("{{ 'a' if true }}{{ 'b' if false }}{{ 'c' if false else 'd' }}", "ad"),
        ("{{ '' or 'x' }}{{ 'y' and 'z' }}{{ not '' }}", "xztrue"),
        ("{{ 1 < 2 and 'a' < 'b' and 2 >= 2.0 and 1 != '1' }}", "true"),
        ("{{ 'b' in 'abc' }} {{ 2 in [1, 2] }} {{ 3 not in (1, 2) }}", "true true true"),
        ("{{ 'it''s' }}", "problem"),
        (r#"{{ 'it\'s' }} {{ "a\nb" }} {{ "\\" }}"#, "it's a\nb \\"),
        ("{{ '{{' }} {{ '}}' }} {{ \"%}\" }}", "{{ }} %}"),
        // Filters.
        ("{{ recipient.full_name|upper }}", "АННА <СЕВЕР>"),
        ("{{ recipient.full_name | split(\" \") | first }}", "Анна"),
        ("{{ recipient.full_name|split|last|lower|title }}", "<Север>"),
        ("{{ (recipient.full_name|split(' '))[1] }}{{ (recipient.full_name|split(' '))[7] }}", "<Север>"),
        ("{{ recipient['email'] }} {{ recipient.email[0] }}{{ recipient.email[-1] }}", "anna@example.com am"),
        ("{{ 'o’neill o''brien'|title }}", "problem"),
        ("{{ 'o’neill'|title }} {{ 'aNNA bELL'|capitalize }} {{ '  a '|trim }}", "O’neill Anna bell a"),
        ("{{ 'a b&c/d'|urlencode }} {{ 'a-b-c'|replace('-', '+') }}", "a%20b%26c/d a+b+c"),
        ("{{ ' 12 '|int + 1 }} {{ '1,5'|float }} {{ 'x'|int(7) }} {{ 2.9|int }}", "13 1.5 7 2"),
        ("{{ [1, 2, 3]|join(', ') }} {{ [1, 2]|length }} {{ 'мир'|length }}", "1, 2, 3 2 3"),
        (
            "{{ ''|default('x') }}{{ '  '|default('y') }}{{ none|d('z') }}{{ 0|default(1) }}{{ ''|default('t', true) }}",
            "xyz0t",
        ),
        // Tests.
        ("{{ 3 is odd }} {{ 4 is not odd }} {{ 9 is divisibleby(3) }} {{ 9 is divisibleby 3 }}", "true true true true"),
        ("{{ 'abc' is startingwith 'a' }} {{ 'abc' is endingwith('c') }} {{ 1 is number }}", "true true true"),
        ("{{ recipient.email is defined }} {{ [][0] is undefined }} {{ none is none }}", "true true true"),
        // Loops.
        ("{% for a in [1, 2] %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %}", "1/2,2/2"),
        ("{% for a, b in [('x', 1), ['y', 2]] %}{{ a }}={{ b }};{% endfor %}", "x=1;y=2;"),
        ("{% for a in [] %}x{% else %}none{% endfor %}", "none"),
        (
            "{% for a in range(3) %}{% for b in range(a, 3) %}{{ a }}{{ b }} {% endfor %}{% endfor %}",
            "00 01 02 11 12 22 ",
        ),
        ("{% for a in range(6, 0, -2) %}{{ a }}{% endfor %}", "642"),
        // Conditions.
        ("{% if 0 %}a{% elif '' %}b{% elif 1 %}c{% else %}d{% endif %}", "c"),
        // Variables: those of a loop's body are new each time round, and are not seen after it.
        ("{% set a = 1 %}{% for i in range(2) %}{{ a }}{% set a = 5 %}{{ a }}{% endfor %}{{ a }}", "15151"),
        ("{% set a = 1 %}{% for i in range(2) %}{% if i == 0 %}{% set a = 9 %}{% endif %}{{ a }}{% endfor %}", "91"),
        ("{% if false %}{% set a = 1 %}{% endif %}[{{ a }}]", "[]"),
        ("{% set name = recipient.full_name %}{{ name }}", "Анна <Север>"),
        // No comments: style sheets have `{#`.
        ("Order {# 123 #}", "Order {# 123 #}"),
        ("@media(max-width:600px){#box{width:100%}}", "@media(max-width:600px){#box{width:100%}}"),
        // One of a kind.
        ("50% {off} { { %} }} #}", "50% {off} { { %} }} #}"),
    ];
    for (template, expected) in cases {
        match text(template) {
            Ok(found) => assert_eq!(found, expected, "{template}"),
            Err(fault) => assert_eq!("problem", expected, "{template}: {fault:?}"),
        }
    }
}

#[test]
fn what_editors_make_of_a_tag_is_understood() {
    let empty = Person { email: "a@example.com", full_name: "", comment: "" };
    let quoted = [
        "&quot;friend&quot;",
        "&#34;friend&#x22;",
        "&#39;friend&apos;",
        "“friend”",
        "„friend“",
        "«friend»",
        "‘friend’",
        "’friend’",
        "&ldquo;friend&rdquo;",
        "\"friend”",
        "“friend\"",
        "&quot;friend\"",
        "'friend’",
    ];
    for quoted in quoted {
        let template = format!("{{{{ recipient.full_name|default({quoted}) }}}}");
        assert_eq!(text_for(&template, empty).unwrap(), "friend", "{template}");
        let html = Content::compile("s", &template, "").unwrap().render(empty).unwrap().html.unwrap();
        assert_eq!(html, "friend", "{template}");
    }
    let cases = [
        ("{{&nbsp;recipient.email&nbsp;}}", "a@example.com"),
        ("{{\u{a0}recipient\u{200b}.email\u{feff}}}", "a@example.com"),
        ("{% if 2 &gt; 1 and 1 &lt;= 2 %}yes{% endif %}", "yes"),
        ("{{ \"Tom &amp; Co\" }}", "Tom & Co"),
        ("{{ \"«Ромашка» и ’друзья’\" }}", "«Ромашка» и ’друзья’"),
        // Outside of tags nothing is touched.
        ("&quot;“x”&nbsp;", "&quot;“x”&nbsp;"),
    ];
    for (template, expected) in cases {
        assert_eq!(text_for(template, empty).unwrap(), expected, "{template}");
    }
}

#[test]
fn problems_name_what_is_wrong_and_what_to_write_instead() {
    let cases = [
        // Names.
        ("{{SAVE10}}", "unknown", "SAVE10>"),
        ("{{ recipient.phone }}", "unknown", "recipient.phone>"),
        ("{{ recipient.fullname }}", "unknown-try", "recipient.fullname>recipient.full_name"),
        ("{{ recipient.emial }}", "unknown-try", "recipient.emial>recipient.email"),
        ("{{ recipient }}", "unknown-try", "recipient>recipient.full_name"),
        ("{{ name }}", "unknown-try", "name>recipient.full_name"),
        ("{{ имя }}", "unknown-try", "имя>recipient.full_name"),
        (
            "{{ contact.first_name | default: \"friend\" }}",
            "unknown-try",
            "contact.first_name>recipient.full_name|split|first",
        ),
        ("{{ .Subscriber.FirstName }}", "unknown-try", ".Subscriber.FirstName>recipient.full_name|split|first"),
        ("{{ .Subscriber.Email }}", "unknown-try", ".Subscriber.Email>recipient.email"),
        ("{% set greeting = 'hi' %}{{ greting }}", "unknown-try", "greting>greeting"),
        ("{% for a in [1] %}{{ loop.indx }}{% endfor %}", "unknown-try", "loop.indx>loop.index"),
        ("{{ loop.index }}", "unknown", "loop.index>"),
        ("{% for a in [1] %}{% set b = 1 %}{% endfor %}{{ b }}", "unknown", "b>"),
        // Filters, tests, functions, tags, operators.
        ("{{ recipient.email|uppercase }}", "filter-try", "uppercase>upper"),
        ("{{ recipient.email|uper }}", "filter-try", "uper>upper"),
        ("{{ recipient.email|indent(9) }}", "filter", "indent>"),
        ("{{ recipient.email|default: 'x' }}", "colon", "default>"),
        ("{{ recipient.email|upper(1) }}", "arguments", "upper>"),
        ("{{ recipient.email is defnied }}", "test-try", "defnied>defined"),
        ("{{ recipient.email is safe }}", "test", "safe>"),
        ("{{ delete_all() }}", "function", "delete_all()>"),
        ("{{ recipient.full_name.upper() }}", "function-try", "recipient.full_name.upper()>|upper"),
        ("{% include 'secret' %}", "tag", "include>"),
        ("{% elsif x %}", "tag-try", "elsif>elif"),
        ("{% if 1 %}{% else if 2 %}{% endif %}", "tag-try", "else if>elif"),
        ("{% macro a() %}{% endmacro %}", "tag", "macro>"),
        ("{{ 'a' ~ 'b' }}", "operator", "~>"),
        ("{{ 2 ** 3 }}", "operator", "**>"),
        ("{% if 1 && 2 %}{% endif %}", "operator-try", "&&>and"),
        ("{% if 1 = 2 %}{% endif %}", "operator-try", "=>=="),
        ("{{ !1 }}", "operator-try", "!>not"),
        ("{{{ recipient.email }}}", "operator", "{>"),
        ("{{#if x}}", "mustache", "#>"),
        // Syntax.
        ("{{ }}", "value", "}}>"),
        ("{{ recipient. }}", "name", "}}>"),
        ("{{ 1 + }}", "value", "}}>"),
        ("{{ recipient.email recipient.email }}", "symbol", "recipient>"),
        ("{{ (1 }}", "symbol", "}}>"),
        ("{% for %}{% endfor %}", "name", "%}>"),
        ("{% for a of [1] %}{% endfor %}", "symbol", "of>"),
        ("{% set a %}x{% endset %}", "symbol", "%}>"),
        ("{% set recipient = 1 %}", "reserved", "recipient>"),
        ("{{ 'abc }} and it's", "unclosed-tag", "{{>"),
        ("{{ 'abc }} and <b>it's</b>", "unclosed-quote", ">"),
        ("{{ recipient.email, hello — {{ recipient.email }}", "unclosed-tag", "{{>"),
        ("{{ recipient.email", "unclosed-tag", "{{>"),
        ("{% if 1 %}", "unclosed-block", "if>"),
        ("{% for a in [1] %}", "unclosed-block", "for>"),
        ("{% raw %}", "unclosed-block", "raw>"),
        ("{% endif %}", "stray", "endif>"),
        ("{% %}", "name", "%}>"),
        ("{{ € }}", "character", "€>"),
        ("{{ 99999999999999999999 }}", "number", "99999999999999999999>"),
        // Values.
        ("{{ 1 / 0 }}", "zero", ">"),
        ("{{ 'abc'|int }}", "not-number", "int>"),
        ("{{ 'a' + 'b' }}", "not-number", "+>"),
        ("{{ 9223372036854775807 + 1 }}", "overflow", ">"),
        ("{{ 'a' < 1 }}", "compare", ">"),
        ("{{ [1, 2] }}", "list", ">"),
        ("{% for a in 'abc' %}{% endfor %}", "not-list", ">"),
        ("{% for a, b in [1] %}{% endfor %}", "parts", ">"),
        ("{% for a in range(99999) %}{% endfor %}", "long-list", ">"),
        ("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", "endless", ">"),
    ];
    for (template, id, detail) in cases {
        assert_eq!(problem(template), (id.to_owned(), detail.to_owned()), "{template}");
    }
}

#[test]
fn problems_stand_at_their_part_and_line() {
    let at = |subject: &str, html: &str, text: &str| {
        let problems = Content::compile(subject, html, text).unwrap_err();
        let found: Vec<_> = problems
            .iter()
            .map(|(field, problem)| {
                format!("{field} {}", problem.args.iter().find(|(name, _)| name == "line").unwrap().1)
            })
            .collect();
        found.join(", ")
    };
    assert_eq!(at("{{ recipient.", "", "x"), "subject 1");
    assert_eq!(at("s", "a\n{% for %}", ""), "html 2");
    assert_eq!(at("s", "", "a\nb\n{{ recipient.phone }}"), "text 3");
    assert_eq!(at("{{ a }}", "\n{{ a }}", "\n\n{{\n a }}"), "subject 1, html 2, text 4");
}

#[test]
fn chains_of_any_kind_are_refused() {
    let many = 100_000;
    let chain = |start: &str, link: &str, end: &str| format!("{{{{ {start}{}{end} }}}}", link.repeat(many));
    let hostile = [
        chain("", "-", "1"),
        chain("", "not ", "1"),
        chain("recipient.email", "|upper", ""),
        chain("recipient", ".email", ""),
        chain("a", ".b", ""),
        chain("'a'", "~'a'", ""),
        chain("1", "+1", ""),
        chain("1", "*1", ""),
        chain("1", " and 1", ""),
        chain("1", " or 1", ""),
        chain("2", "**2", ""),
        chain("1", " if 1 else 1", ""),
        chain("1", " if 1", ""),
        chain("1", " is odd", ""),
        chain("1", " == 1", ""),
        chain("1", " in [1]", ""),
        chain("range", "(1)", ""),
        chain("recipient.email", "[0]", ""),
        chain("", "(", ""),
        chain("", "[", ""),
        chain("", "range(", ""),
        chain("", "{", ""),
        chain("[", "1,", "]"),
        format!("{{{{ {}1{} }}}}", "(".repeat(many), ")".repeat(many)),
        format!("{{{{ {}1{} }}}}", "[".repeat(many), "]".repeat(many)),
        format!("{{{{ {}1{} == 1 }}}}", "[".repeat(many), "]".repeat(many)),
        format!("{{{{ 1{}1{} }}}}", "|int(".repeat(many), ")".repeat(many)),
        format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(many)),
        "{% if 1 %}".repeat(many),
        "{% for a in [1] %}".repeat(many),
        format!("{}{}", "{% if 1 %}".repeat(many), "{% endif %}".repeat(many)),
        "{% set a = 1 %}".repeat(many),
        "{% raw %}".repeat(many),
        "{{".repeat(many),
        "{{ '".repeat(many),
        "{{ &quot;".repeat(many),
        "{% set ns=namespace(a=[]) %}{% for i in range(5696) %}{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a }}"
            .to_owned(),
        "{% set a = [] %}{% set a = [a] %}{% set a = [a] %}{{ a == a }}".to_owned(),
    ];
    for template in &hostile {
        assert!(text(template).is_err(), "{}", &template[..60.min(template.len())]);
    }
    // What is not hostile is not in the way.
    let long = format!("{{{{ {} }}}}", vec!["recipient.email == 'x'"; 200].join(" or "));
    assert_eq!(text(&long).unwrap(), "false");
    assert_eq!(text(&format!("{{{{ 1{} }}}}", "+1".repeat(20))).unwrap(), "21");
    let elifs = format!("{{% if 0 %}}{}{{% else %}}x{{% endif %}}", "{% elif 0 %}".repeat(500));
    assert_eq!(text(&elifs).unwrap(), "x");
}

#[test]
fn nothing_small_becomes_large() {
    let hostile = [
        ("{% set a = 'xxxxxxxx' %}{% for i in range(99) %}{% set a = a ~ a %}{% endfor %}{{ a }}", "operator"),
        ("{% set a = 'xxxxxxxx' %}{% for i in range(99) %}{% set a = a + a %}{% endfor %}{{ a }}", "not-number"),
        ("{{ 'x' * 1000000000 }}", "not-number"),
        ("{{ [0] * 30000000 }}", "not-number"),
        ("{{ 'x'|indent(100000) }}", "filter"),
        ("{{ 'x'|center(100000) }}", "filter"),
        ("{{ '%1000000000d'|format(1) }}", "filter"),
        ("{{ [1]|batch(100000000, 'x')|list }}", "filter"),
        ("{{ [1]|slice(100000000)|list }}", "filter"),
        ("{{ range(1000000000) }}", "long-list"),
        ("{{ 9223372036854775807 * 9223372036854775807 }}", "overflow"),
        (
            "{% for i in range(9999) %}{% for j in range(9999) %}{% set a = range(9999) %}{% endfor %}{% endfor %}",
            "endless",
        ),
        ("{% set a %}x{% endset %}", "symbol"),
        ("{% filter upper %}x{% endfilter %}", "tag"),
        ("{{ 'x'.__class__ }}", "unknown"),
        ("{{ dict(a=1) }}", "function"),
        ("{{ {'a': 1} }}", "operator"),
    ];
    for (template, id) in hostile {
        assert_eq!(problem(template).0, id, "{template}");
    }
    let mut doubling = "{% set a = 'xxxxxxxx' %}".to_owned();
    doubling.push_str(&"{% set a = a|replace('x', 'xx') %}".repeat(30));
    assert_eq!(problem(&doubling).0, "value-large");
    // In a loop the value begins anew each time: it cannot grow at all.
    assert_eq!(
        text("{% set a = 'x' %}{% for i in range(99) %}{% set a = a|replace('x', 'xx') %}{% endfor %}{{ a }}").unwrap(),
        "x"
    );
    let growing = "{% set a = 'xxxxxxxx' %}".to_owned() + &"{% set a = [a, a]|join(a) %}".repeat(30);
    assert_eq!(problem(&growing).0, "value-large");
    let large = format!("{{% for i in range(9999) %}}{}{{% endfor %}}", "x".repeat(9_000));
    assert_eq!(problem(&large).0, "large");
}

#[test]
fn the_placeholders_of_others_are_pointed_out() {
    let found = |html: &str| {
        let problems = notices("", html, "");
        let words: Vec<String> = problems
            .iter()
            .map(|(_, problem)| {
                let argument = |name: &str| {
                    problem.args.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
                };
                format!("{} > {}", argument("detail"), argument("instead"))
            })
            .collect();
        words.join("; ")
    };
    let full_name = "{{ recipient.full_name }}";
    let first = "{{ recipient.full_name|split|first }}";
    let cases = [
        ("<p>Hi *|FNAME|*, <a href=\"*|UNSUB|*\">unsubscribe</a></p>", format!("*|FNAME|* > {first}; *|UNSUB|* > ")),
        ("Hello %recipient.name%!", format!("%recipient.name% > {full_name}")),
        ("%recipient.city%", "%recipient.city% > ".to_owned()),
        ("[[name]] [[city]]", format!("[[name]] > {full_name}; [[city]] > ")),
        ("${name} ${user.email}", format!("${{name}} > {full_name}; ${{user.email}} > {{{{ recipient.email }}}}")),
        ("%%emailaddr%% %%email%%", "%%emailaddr%% > ; %%email%% > {{ recipient.email }}".to_owned()),
        ("<%= first_name %>", format!("<%= first_name %> > {first}")),
        ("{name}, {FirstName}", format!("{{name}} > {full_name}; {{FirstName}} > {first}")),
        ("[Имя]", format!("[Имя] > {full_name}")),
        ("[%name%]", format!("[%name%] > {full_name}")),
        ("Order {# 123 #}", "{# 123 #} > ".to_owned()),
        // Twice the same is one.
        ("[[name]] [[name]]", format!("[[name]] > {full_name}")),
        // What is no placeholder.
        ("<style>p{color:red} @media(max-width:600px){#box{width:100%}} p{color:#}</style>", String::new()),
        ("<style>input[name]{color:red} [email=x]{color:red}</style>", String::new()),
        (
            "100% wool, 50% off; a[1] {x} $5 https://e.com/%20name%20 [1] [sic] <!--[if mso]>x<![endif]-->",
            String::new(),
        ),
        ("{{ recipient.full_name }} {% raw %}{{ x }}{% endraw %}", String::new()),
    ];
    for (html, expected) in cases {
        assert_eq!(found(html), expected, "{html}");
    }
    let line = |html: &str| first_line(&notices("", html, ""));
    assert_eq!(line("a\n{{ recipient.email }}\n\nb [[name]]"), "4");
}

fn first_line(problems: &Problems) -> String {
    let (_, problem) = problems.iter().next().unwrap();
    problem.args.iter().find(|(name, _)| name == "line").unwrap().1.clone()
}
