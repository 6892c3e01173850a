use super::*;

fn product() -> Product {
    Product::parse(include_str!("../../../../../keel.toml")).unwrap()
}

fn choice(plan: &str, interval: Option<Interval>, seats: i64) -> Choice {
    Choice { kind: ProductKind::Plan, id: plan.into(), interval, currency: Currency::Usd, seats }
}

fn once(kind: ProductKind, id: &str) -> Choice {
    Choice { kind, ..choice(id, None, 1) }
}

#[test]
fn only_what_is_sold_has_a_price() {
    let product = product();
    let total = |choice: &Choice| product.quote(choice).map(|q| q.total().minor);
    assert_eq!(total(&choice("pro", Some(Interval::Year), 1)), Ok(29_000));
    assert_eq!(total(&choice("business", Some(Interval::Month), 500)), Ok(1_200_000));
    assert_eq!(total(&choice("free", None, 1)), Ok(0));
    assert_eq!(total(&choice("free", Some(Interval::Month), 1)), Err(NotSold::Unknown));
    assert_eq!(total(&choice("pro", None, 1)), Err(NotSold::Unknown));
    assert_eq!(total(&choice("enterprise", Some(Interval::Month), 1)), Err(NotSold::Unknown));
    assert_eq!(total(&choice("gold", Some(Interval::Month), 1)), Err(NotSold::Unknown));
    for seats in [i64::MIN, -1, 0, 501, 1_000_000_000, i64::MAX] {
        assert_eq!(total(&choice("business", Some(Interval::Month), seats)), Err(NotSold::Seats), "{seats}");
    }
    assert_eq!(total(&choice("pro", Some(Interval::Month), 2)), Err(NotSold::Seats));
}

#[test]
fn what_is_paid_once_has_one_price_and_its_own_kind() {
    let product = product();
    let total = |choice: &Choice| product.quote(choice).map(|q| q.total().minor);
    let (pack, licence) = (once(ProductKind::Pack, "credits1500"), once(ProductKind::Licence, "prolifetime"));
    assert_eq!((total(&pack), total(&licence)), (Ok(1_900), Ok(29_900)));
    assert_eq!(product.quote(&pack).unwrap().lookup_key().as_deref(), Some("keel_credits1500_once_usd_1900"));
    assert_eq!(total(&Choice { seats: 2, ..pack.clone() }), Err(NotSold::Seats));
    assert_eq!(total(&Choice { interval: Some(Interval::Month), ..pack.clone() }), Err(NotSold::Unknown));
    for kind in [ProductKind::Plan, ProductKind::Licence] {
        assert_eq!(total(&Choice { kind, ..pack.clone() }), Err(NotSold::Unknown));
    }
    assert!(product.of_lookup_key("keel_credits1500_once_usd_1900").is_none(), "no plan comes of a pack");
}

#[test]
fn a_choice_from_before_there_were_kinds_is_a_plan() {
    let old = r#"{"plan":"pro","interval":"month","currency":"usd","seats":1}"#;
    assert_eq!(serde_json::from_str::<Choice>(old).unwrap(), choice("pro", Some(Interval::Month), 1));
}

#[test]
fn the_billing_model_says_what_is_offered() {
    let offered = |model: &str| {
        let text = include_str!("../../../../../keel.toml").replace("billing_model = \"hybrid\"", &format!("billing_model = \"{model}\""));
        let product = Product::parse(&text).unwrap();
        let ids: Vec<_> = product.offered().map(Article::id).collect();
        let sold = |plan, interval| product.quote(&choice(plan, interval, 1)).is_ok();
        (ids.join(" "), sold("free", None), sold("pro", Some(Interval::Month)), product.plan("pro").is_some())
    };
    assert_eq!(offered("hybrid"), ("free pro business enterprise prolifetime credits1500".to_owned(), true, true, true));
    assert_eq!(offered("subscription"), ("free pro business enterprise credits1500".to_owned(), true, true, true));
    assert_eq!(offered("license"), ("free enterprise prolifetime credits1500".to_owned(), true, false, true));
}

#[test]
fn a_lookup_key_leads_back_to_its_plan() {
    let product = product();
    let key = product.quote(&choice("business", Some(Interval::Year), 3)).unwrap().lookup_key().unwrap();
    assert_eq!(key, "keel_business_year_usd_24000");
    let (plan, interval) = product.of_lookup_key(&key).unwrap();
    assert_eq!((plan.id.as_str(), interval), ("business", Interval::Year));
    assert!(product.of_lookup_key("keel_gold_year_usd_1").is_none());
    assert!(product.of_lookup_key("somebody_elses").is_none());
}

#[test]
fn a_mistake_in_the_file_is_named() {
    let mistake =
        |change: &str, to: &str| Product::parse(&include_str!("../../../../../keel.toml").replace(change, to)).unwrap_err().to_string();
    assert!(mistake("yearly = 29000", "yearly = -1").contains("plan `pro`"));
    assert!(mistake("trial_days", "trail_days").contains("trail_days"));
    assert!(mistake("id = \"business\"", "id = \"pro\"").contains("twice"));
    assert!(mistake("id = \"prolifetime\"", "id = \"pro\"").contains("licence `pro`: is there twice"));
    assert!(mistake("price = 1900", "price = 0").contains("pack `credits1500`: amounts"));
    assert!(mistake("price = 29900", "price = 29900\ndays = 0").contains("licence `prolifetime`: lasts"));
    assert!(mistake("id = \"free\"", "id = \"gratis\"").contains("plan `free`"));
}
