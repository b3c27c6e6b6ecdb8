use super::*;

fn reason(url: &str) -> &'static str {
    match WebhookTarget::parse(url) {
        Ok(target) => panic!("{url} was taken as {target}"),
        Err(ForbiddenTarget(reason)) => reason,
    }
}

#[test]
fn public_hosts_are_taken() {
    for (url, as_called) in [
        ("https://example.com/hook", "https://example.com/hook"),
        (
            "http://93.184.216.34:8080/x?y=1",
            "http://93.184.216.34:8080/x?y=1",
        ),
        (
            "https://[2606:2800:220:1::1]/",
            "https://[2606:2800:220:1::1]/",
        ),
        ("https://sub.example.org./", "https://sub.example.org./"),
        ("https://EXAMPLE.COM:443", "https://example.com/"),
        ("http://example.com:65535/", "http://example.com:65535/"),
        ("http://１.1.1.1/", "http://1.1.1.1/"),
        ("http://0x08080808/", "http://8.8.8.8/"),
        ("http://%65xample.com/", "http://example.com/"),
        ("http://[::ffff:8.8.8.8]/", "http://[::ffff:808:808]/"),
        (
            "https://bücher.example.com/ä",
            "https://xn--bcher-kva.example.com/%C3%A4",
        ),
        ("https://example。com/", "https://example.com/"),
        // What looks like a host after the host is none.
        (
            "https://example.com/@127.0.0.1/",
            "https://example.com/@127.0.0.1/",
        ),
        (
            "https://example.com/?u=http://127.0.0.1",
            "https://example.com/?u=http://127.0.0.1",
        ),
        (
            "https://example.com#@127.0.0.1/",
            "https://example.com/#@127.0.0.1/",
        ),
        (
            "https://127.0.0.1.example.com/",
            "https://127.0.0.1.example.com/",
        ),
        (
            "https://localhost.example.com/",
            "https://localhost.example.com/",
        ),
    ] {
        let target = WebhookTarget::parse(url).unwrap_or_else(|why| panic!("{url} {why}"));
        assert_eq!(target.as_str(), as_called, "{url}");
        // Whoever sends judges it again.
        assert_eq!(WebhookTarget::parse(target.as_str()), Ok(target), "{url}");
    }
}

#[test]
fn every_way_to_write_an_inside_address_is_refused() {
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "0x7f.1",
        "0x7f.0x0.0x0.0x1",
        "0X7F000001",
        "0177.0.0.1",
        "00000177.0.0.1",
        "2130706433",
        "2130706433.",
        "017700000001",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "127．0．0．1",
        "%31%32%37.0.0.1",
        "127%2e0%2e0%2e1",
        "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1",
        "0",
        "0.0.0.0",
        "0x0",
        "10.0.0.1",
        "10.1",
        "012.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "172.31.255.255",
        "192.168.1.1",
        "192.168.257",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "4294967295",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000:0000:0000:0000:0000:0000:0000:0001]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7f00:1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:0:10.0.0.1]",
        "[::8.8.8.8]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001:0:1:2:3:4:80ff:fffe]",
        "[2a00:1450:4001::5efe:10.0.0.1]",
        "[2001:db8::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[3fff::1]",
        "[5f00::1]",
    ] {
        for url in [
            format!("http://{host}/"),
            format!("https://{host}:8443/hook"),
        ] {
            assert_eq!(
                reason(&url),
                "points to an address that is not public",
                "{url}"
            );
        }
    }
}

#[test]
fn names_of_the_inside_are_refused_unless_something_inside_is_allowed() {
    let policy = WebhookPolicy::allowing(vec!["10.0.0.0/8".parse().unwrap()]);
    for host in [
        "localhost",
        "localhost.",
        "LOCALHOST",
        "ｌｏｃａｌｈｏｓｔ",
        "%6cocalhost",
        "lo\u{ad}calhost",
        "a.localhost",
        "printer",
        "x.internal",
        "metadata.google.internal",
        "x.local",
        "db.svc.cluster.local",
        "router.lan",
        "box.home.arpa",
        "ipv4only.arpa",
        "wiki.corp",
        "x.test",
        "x.onion",
    ] {
        let url = format!("http://{host}:8080/");
        assert_eq!(reason(&url), "has a host name that is not public", "{url}");
        assert!(WebhookTarget::judge(&url, &policy).is_ok(), "{url}");
    }
}

#[test]
fn what_is_no_url_of_a_receiver_is_refused() {
    let long = format!("https://example.com/{}", "x".repeat(2048));
    let long_when_escaped = format!("https://example.com/{}", "ä".repeat(500));
    for (url, why) in [
        ("", "is not an absolute URL"),
        ("/hook", "is not an absolute URL"),
        ("example.com", "is not an absolute URL"),
        ("//example.com/", "is not an absolute URL"),
        ("http://", "is not an absolute URL"),
        ("http://:80/", "is not an absolute URL"),
        ("http://256.1.1.1/", "is not an absolute URL"),
        ("http://1.2.3.4.5/", "is not an absolute URL"),
        ("http://[fe80::1%25eth0]/", "is not an absolute URL"),
        ("http://[::1/", "is not an absolute URL"),
        ("http://::1/", "is not an absolute URL"),
        ("http://example.com:65536/", "is not an absolute URL"),
        ("http://example.com:http/", "is not an absolute URL"),
        ("http://exa%00mple.com/", "is not an absolute URL"),
        (
            "http://example.com%2f@127.0.0.1/x%20y",
            "has a user name or a password in it",
        ),
        ("http://a:b:c/", "is not an absolute URL"),
        (
            "http://example.com:0/",
            "has the port 0, at which nothing listens",
        ),
        (
            "ftp://example.com/",
            "has a scheme other than http and https",
        ),
        (
            "file:///etc/passwd",
            "has a scheme other than http and https",
        ),
        (
            "gopher://example.com/",
            "has a scheme other than http and https",
        ),
        (
            "unix:/run/docker.sock",
            "has a scheme other than http and https",
        ),
        (
            "javascript:alert(1)",
            "has a scheme other than http and https",
        ),
        (
            "https://user@example.com/",
            "has a user name or a password in it",
        ),
        (
            "https://u:p@example.com/",
            "has a user name or a password in it",
        ),
        (
            "https://:p@example.com/",
            "has a user name or a password in it",
        ),
        (
            "http://example.com@127.0.0.1/",
            "has a user name or a password in it",
        ),
        (
            "http://127.0.0.1@example.com/",
            "has a user name or a password in it",
        ),
        (&long, "is longer than 2048 bytes"),
        (&long_when_escaped, "is longer than 2048 bytes"),
    ] {
        assert_eq!(reason(url), why, "{url}");
    }
}

#[test]
fn what_parsers_of_urls_disagree_on_is_refused() {
    for url in [
        " http://example.com/",
        "http://example.com/ ",
        "http://exam\tple.com/",
        "http://exam\nple.com/",
        "http://example.com\r\nHost: x/",
        "http://example.com/\u{0}",
        "http://example.com/\u{7f}",
        "http://example.com/\u{85}",
        "http:\\\\127.0.0.1\\",
        "http://example.com\\@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://example.com /",
        "\thttp://example.com/",
        "http://example.com/\n",
        "\u{1f}http://example.com/",
        "ht\ntp://example.com/",
        "https:/\t/example.com/",
        "https:\\\\example.com/",
        "https:/\\example.com/",
        "https://example.com\\path",
    ] {
        let why = "has a space or another character that URLs don't have";
        assert_eq!(reason(url), why, "{url:?}");
    }
}

#[test]
fn only_what_begins_as_the_api_document_says_is_taken() {
    for url in [
        "http:example.com",
        "https:example.com/hook",
        "http:/example.com/",
        "http:127.0.0.1",
        "http:@example.com/",
        "HTTPS://example.com/",
        "Http://example.com/",
    ] {
        assert_eq!(
            reason(url),
            "does not begin with http:// or https://",
            "{url}"
        );
    }
    for url in [
        "http:///example.com/",
        "https:////example.com/",
        "http:///127.0.0.1/",
    ] {
        assert_eq!(reason(url), "has no host", "{url}");
    }
}

#[test]
fn receivers_are_told_apart_by_scheme_host_and_port() {
    let origin = |url| WebhookTarget::parse(url).unwrap().origin();
    assert_eq!(origin("https://Example.com:443/a?b"), "https://example.com");
    assert_eq!(
        origin("http://example.com:8080/a"),
        "http://example.com:8080"
    );
}
