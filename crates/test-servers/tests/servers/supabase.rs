use batchway_test_servers::{Postgres, Supabase};
use serde_json::json;

const TABLE: &str = "
    create table public.things (id text primary key, owner text);
    alter table public.things enable row level security;
    create policy own on public.things to authenticated using (owner = auth.uid()::text);
    insert into public.things values ('a', '00000000-0000-0000-0000-000000000001');
    insert into public.things values ('b', '00000000-0000-0000-0000-000000000002');";

#[test]
fn a_postgres_keeps_what_it_was_told_and_is_gone_when_dropped() {
    let postgres = Postgres::start();
    postgres.sql("create table things (id text); insert into things values ('a'), ('b')");
    postgres.stop();
    postgres.start_again();
    assert_eq!(postgres.sql("select id from things order by id"), "a\nb");
    let port = postgres.port();
    drop(postgres);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn who_reads_has_the_role_of_the_key_and_of_the_token() {
    let supabase = Supabase::start();
    supabase.sql(TABLE);
    let read = |key: &str, token: Option<&str>| supabase.read("things", key, token);
    let count = |answer: (u16, serde_json::Value)| answer.1.as_array().map(Vec::len);
    let public = supabase.publishable_key();
    let user = supabase.token(&json!({
        "role": "authenticated", "sub": "00000000-0000-0000-0000-000000000002",
    }));
    assert_eq!(count(read(public, None)), Some(0), "row-level security");
    assert_eq!(count(read(supabase.secret_key(), None)), Some(2));
    assert_eq!(count(read(&supabase.service_role_key(), None)), Some(2));
    let (status, rows) = read(public, Some(&user));
    assert_eq!((status, &rows[0]["id"]), (200, &json!("b")));

    let (status, error) = read("sb_secret_of_another", None);
    assert_eq!(
        (status, &error["message"]),
        (401, &json!("Invalid API key"))
    );
    let (status, error) = read(public, Some("nonsense"));
    assert_eq!((status, &error["code"]), (401, &json!("PGRST301")));
    let (status, error) = supabase.read("others", supabase.secret_key(), None);
    assert_eq!((status, &error["code"]), (404, &json!("PGRST205")));
}

#[test]
fn a_project_without_its_database_says_so() {
    let supabase = Supabase::start();
    supabase.sql(TABLE);
    supabase.database().stop();
    let read = || supabase.read("things", supabase.secret_key(), None);
    let (status, error) = read();
    assert_eq!((status, &error["code"]), (503, &json!("PGRST001")));
    supabase.database().start_again();
    assert_eq!(read().0, 200);
    supabase.go_away();
    supabase.come_back();
    assert_eq!(read().0, 200);
}
