//! How calls are answered, whatever they are about.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::support::{Bench, DAY_MS, KEY, send};

#[tokio::test]
async fn only_the_key_opens_the_api() {
    let bench = Bench::start().await;
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{KEY}:")));
    let cases = [
        (vec![], 401),
        (vec![("authorization", "Bearer sk_test_wrong")], 401),
        (vec![("authorization", "Digest x")], 401),
        (vec![("authorization", basic.as_str())], 200),
    ];
    for (headers, status) in cases {
        let answer = send(&bench.address, "GET", "/v1/customers", &headers, "").await.unwrap();
        assert_eq!(answer.status, status, "{headers:?}");
        assert!(answer.header("request-id").unwrap().starts_with("req_"));
        if status == 401 {
            assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
        }
    }
    let old = bench.call("GET", "/v1/customers", &[("stripe-version", "2020-08-27")], &[]).await;
    assert_eq!(old.status, 400);
}

#[tokio::test]
async fn what_is_unknown_is_refused_by_name() {
    let bench = Bench::start().await;
    let price = bench.price("2900", "usd", Some("month")).await;
    let pack = bench.price("1900", "usd", None).await;
    let euro = bench.price("1900", "eur", Some("month")).await;
    // Where there is no code, Stripe has none either.
    let cases = [
        (("foo", "1"), "parameter_unknown", "foo"),
        (("line_items[0][foo]", "1"), "parameter_unknown", "line_items[0][foo]"),
        (("mode", "setup"), "", "mode"),
        (("success_url", "/relative"), "url_invalid", "success_url"),
        (("success_url", "javascript:alert(1)"), "url_invalid", "success_url"),
        (("customer", "cus_unknown"), "resource_missing", "customer"),
        (("line_items[0][price]", "price_unknown"), "resource_missing", "line_items[0][price]"),
        (("line_items[0][price]", pack.as_str()), "", "line_items[0][price]"),
        (("line_items[0][quantity]", "0"), "parameter_invalid_integer", "line_items[0][quantity]"),
        (("line_items[0][quantity]", "1000000000"), "parameter_invalid_integer", "line_items[0][quantity]"),
        (("line_items[0][quantity]", "2.5"), "parameter_invalid_integer", "line_items[0][quantity]"),
        (("currency", "eur"), "", "currency"),
        (("subscription_data[trial_period_days]", "-1"), "parameter_invalid_integer", "subscription_data[trial_period_days]"),
        (("invoice_creation[enabled]", "true"), "", "invoice_creation"),
        (("expand[]", "customer.nothing"), "", "expand"),
    ];
    let customer = bench.customer().await;
    for (change, code, param) in cases {
        let mut pairs = vec![
            ("mode", "subscription"),
            ("customer", &customer),
            ("success_url", "http://127.0.0.1:3000/"),
            ("line_items[0][price]", &price),
            ("line_items[0][quantity]", "1"),
        ];
        pairs.push(change);
        let answer = bench.call("POST", "/v1/checkout/sessions", &[], &pairs).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status, error["code"].as_str(), error["param"].as_str()),
            (400, Some(code).filter(|code| !code.is_empty()), Some(param)),
            "{change:?}: {error}"
        );
    }
    let two = [("line_items[1][price]", euro.as_str()), ("line_items[1][quantity]", "1")];
    assert_eq!(bench.call("POST", "/v1/checkout/sessions", &[], &two).await.status, 400);
    assert!(bench.list("/v1/checkout/sessions").await.is_empty(), "a refusal leaves nothing behind");

    for (method, path) in [("GET", "/v1/unknown"), ("PUT", "/v1/customers"), ("GET", "/v1/"), ("GET", "/unknown")] {
        assert_eq!(bench.call(method, path, &[], &[]).await.status, 404, "{method} {path}");
    }
    let missing = bench.call("GET", "/v1/customers/sub_1", &[], &[]).await;
    assert_eq!((missing.status, &missing.json()["error"]["code"]), (404, &"resource_missing".into()));
}

#[tokio::test]
async fn a_repeated_key_gives_the_first_answer_again() {
    let bench = Bench::start().await;
    let key = [("idempotency-key", "cus:acc_1")];
    let first = bench.call("POST", "/v1/customers", &key, &[("email", "a@b.test")]).await;
    let again = bench.call("POST", "/v1/customers", &key, &[("email", "a@b.test")]).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), first.header("request-id"));
    assert_eq!(first.header("idempotent-replayed"), None);

    let other = bench.call("POST", "/v1/customers", &key, &[("email", "c@d.test")]).await;
    assert_eq!((other.status, &other.json()["error"]["type"]), (400, &"idempotency_error".into()));
    assert_eq!(bench.list("/v1/customers").await.len(), 1);

    bench.advance(2 * DAY_MS).await;
    let later = bench.call("POST", "/v1/customers", &key, &[("email", "c@d.test")]).await;
    assert_eq!(later.status, 200, "keys are forgotten after a day");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_use_is_refused_until_its_request_is_answered() {
    let bench = Arc::new(Bench::start().await);
    bench.control("/_sandbox/faults", r#"{"api_error": {"path": "/v1/customers", "delay_ms": 3000}}"#).await;
    let slow = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.call("POST", "/v1/customers", &[("idempotency-key", "k")], &[]).await.status })
    };
    // Once the slow call has met what was ordered, it has its key.
    while !bench.get("/_sandbox/faults").await["api_error"].is_null() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let meanwhile = bench.call("POST", "/v1/customers", &[("idempotency-key", "k")], &[]).await;
    assert_eq!((meanwhile.status, &meanwhile.json()["error"]["code"]), (409, &"idempotency_key_in_use".into()));
    assert_eq!(slow.await.unwrap(), 200);
    assert_eq!(bench.call("POST", "/v1/customers", &[("idempotency-key", "k")], &[]).await.status, 200);
    assert_eq!(bench.list("/v1/customers").await.len(), 1);
}

#[tokio::test]
async fn ordered_errors_hit_before_or_after_the_effect() {
    let bench = Bench::start().await;
    bench.control("/_sandbox/faults", r#"{"api_error": {"path": "/v1/customers", "method": "POST", "status": 503, "count": 2}}"#).await;
    for expected in [503, 503, 200] {
        assert_eq!(bench.call("POST", "/v1/customers", &[("idempotency-key", "before")], &[]).await.status, expected);
    }
    assert_eq!(bench.list("/v1/customers").await.len(), 1);

    bench.control("/_sandbox/faults", r#"{"api_error": {"status": 500, "after_commit": true}}"#).await;
    assert_eq!(bench.call("POST", "/v1/customers", &[("idempotency-key", "after")], &[]).await.status, 500);
    assert_eq!(bench.list("/v1/customers").await.len(), 2);
    let again = bench.call("POST", "/v1/customers", &[("idempotency-key", "after")], &[]).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(bench.list("/v1/customers").await.len(), 2);

    bench.control("/_sandbox/faults", r#"{"api_error": {"status": 500}}"#).await;
    for _ in 0..2 {
        let kept = bench.call("POST", "/v1/customers", &[("idempotency-key", "failed")], &[]).await;
        assert_eq!(kept.status, 500, "a failed call stays failed under its key");
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_waiting_finds_its_call_done() {
    let bench = Bench::start().await;
    bench.control("/_sandbox/faults", r#"{"api_error": {"method": "POST", "after_commit": true, "delay_ms": 60000}}"#).await;
    let call = || bench.call("POST", "/v1/customers", &[("idempotency-key", "slow")], &[]);
    let done = async {
        while bench.list("/v1/customers").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        answer = call() => panic!("answered {}", answer.status),
        () = done => {}
    }
    // The key is free again as soon as the sandbox has noticed.
    let mut again = call().await;
    while again.status == 409 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        again = call().await;
    }
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(bench.list("/v1/customers").await.len(), 1);
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let bench = Bench::start().await;
    for number in 0..7 {
        bench.post("/v1/customers", &[("email", &format!("c{number}@x.test"))]).await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/customers?limit=3".to_owned();
    loop {
        let page = bench.get(&path).await;
        let data = page["data"].as_array().unwrap();
        seen.extend(data.iter().map(|customer| customer["email"].as_str().unwrap().to_owned()));
        if page["has_more"] == false {
            break;
        }
        path = format!("/v1/customers?limit=3&starting_after={}", data[2]["id"].as_str().unwrap());
    }
    let expected: Vec<String> = (0..7).rev().map(|number| format!("c{number}@x.test")).collect();
    assert_eq!(seen, expected);
    let oldest = bench.list("/v1/customers?email=c0@x.test").await;
    let before = bench.get(&format!("/v1/customers?limit=2&ending_before={}", oldest[0]["id"].as_str().unwrap())).await;
    let emails: Vec<&str> = before["data"].as_array().unwrap().iter().map(|customer| customer["email"].as_str().unwrap()).collect();
    assert_eq!((emails, &before["has_more"]), (vec!["c2@x.test", "c1@x.test"], &true.into()));
    assert_eq!(bench.call("GET", "/v1/customers?limit=101", &[], &[]).await.status, 400);
    assert_eq!(bench.call("GET", "/v1/customers?starting_after=cus_no", &[], &[]).await.status, 400);
    let created = oldest[0]["created"].as_i64().unwrap();
    assert_eq!(bench.list(&format!("/v1/events?created[gt]={}", created + 1_000)).await.len(), 0);
    assert_eq!(bench.list(&format!("/v1/events?created[gte]={created}")).await.len(), 7);
}

#[tokio::test]
async fn prices_are_found_by_lookup_key_and_hand_it_over() {
    let bench = Bench::start().await;
    let pairs = [("currency", "usd"), ("unit_amount", "2900"), ("product_data[name]", "Pro"), ("lookup_key", "pro")];
    let old = bench.post("/v1/prices", &pairs).await;
    assert_eq!(bench.call("POST", "/v1/prices", &[], &pairs).await.status, 400);
    let new = bench.post("/v1/prices", &[&pairs[..], &[("transfer_lookup_key", "true")]].concat()).await;
    let found = bench.list("/v1/prices?lookup_keys[]=pro&lookup_keys[]=other&active=true&expand[]=data.product").await;
    assert_eq!((found.len(), &found[0]["id"], &found[0]["product"]["name"]), (1, &new["id"], &"Pro".into()));
    bench.post(&format!("/v1/prices/{}", old["id"].as_str().unwrap()), &[("active", "false")]).await;
    assert_eq!(bench.list("/v1/prices?active=true").await.len(), 1);
}

#[tokio::test]
async fn customers_are_changed_field_by_field() {
    let bench = Bench::start().await;
    let made = bench.post("/v1/customers", &[("name", "Acme"), ("metadata[a]", "1"), ("metadata[b]", "2")]).await;
    let path = format!("/v1/customers/{}", made["id"].as_str().unwrap());
    let changed = bench.post(&path, &[("name", ""), ("metadata[a]", ""), ("metadata[c]", "3"), ("address[country]", "DE")]).await;
    assert_eq!((&changed["name"], &changed["address"]["country"]), (&serde_json::Value::Null, &"DE".into()));
    assert_eq!(changed["metadata"], serde_json::json!({ "b": "2", "c": "3" }));
    let told = &bench.list("/v1/events?type=customer.updated").await[0];
    assert_eq!(told["data"]["previous_attributes"]["metadata"], serde_json::json!({ "a": "1", "c": null }));
    assert_eq!(bench.post(&path, &[("metadata", "")]).await["metadata"], serde_json::json!({}));
}

#[tokio::test]
async fn a_deleted_customer_is_told_of_as_such_and_named_by_nobody() {
    let bench = Bench::start().await;
    let customer = bench.customer().await;
    let path = format!("/v1/customers/{customer}");
    assert_eq!(bench.call("DELETE", &path, &[], &[]).await.json()["deleted"], true);
    assert_eq!(bench.get(&path).await, serde_json::json!({ "id": customer, "object": "customer", "deleted": true }));
    assert!(bench.list("/v1/customers").await.is_empty());
    assert_eq!(bench.call("POST", &path, &[], &[("name", "Acme")]).await.status, 404);
    assert_eq!(bench.call("DELETE", &path, &[], &[]).await.status, 404);
    assert_eq!(bench.list("/v1/events?type=customer.deleted").await.len(), 1);
}

#[tokio::test]
async fn the_calls_made_are_on_record() {
    let bench = Bench::start().await;
    bench.call("POST", "/v1/customers", &[("idempotency-key", "k")], &[]).await;
    bench.call("GET", "/v1/customers/cus_no", &[], &[]).await;
    let requests = send(&bench.address, "GET", "/_sandbox/requests", &[], "").await.unwrap().json();
    let calls: Vec<_> =
        requests.as_array().unwrap().iter().map(|call| (call["method"].as_str().unwrap(), call["status"].as_u64().unwrap())).collect();
    assert_eq!(calls, [("POST", 200), ("GET", 404)]);
    assert_eq!(requests[0]["idempotency_key"], "k");
    assert_eq!(send(&bench.address, "DELETE", "/_sandbox/requests", &[], "").await.unwrap().status, 204);
    assert_eq!(send(&bench.address, "GET", "/_sandbox/requests", &[], "").await.unwrap().text, "[]");
}
