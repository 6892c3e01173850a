//! The objects of API version `2026-09-30.endive` as they look with nothing set, one file each under `shapes/`.
//! Code names only what it sets.

use std::sync::LazyLock;

use serde_json::Value;

macro_rules! shapes {
    ($($name:ident),* $(,)?) => {$(
        #[doc = concat!("A `", stringify!($name), "` with the fields of `set` filled in.")]
        pub fn $name(set: Value) -> Value {
            static EMPTY: LazyLock<Value> =
                LazyLock::new(|| serde_json::from_str(include_str!(concat!("shapes/", stringify!($name), ".json"))).unwrap_or_default());
            filled(&EMPTY, set)
        }
    )*

        #[cfg(test)]
        mod tests {
            #[test]
            fn every_shape_is_an_object() {
                $(assert!(super::$name(serde_json::Value::Null).is_object(), stringify!($name));)*
            }
        }
    };
}

shapes!(
    balance_transaction,
    bank_account,
    card,
    charge,
    charged_account,
    charged_card,
    checkout_session,
    coupon,
    customer,
    discount,
    dispute,
    event,
    invoice,
    invoice_payment,
    invoiceitem,
    item,
    line_item,
    outcome,
    payment_intent,
    payment_method,
    plan,
    portal_session,
    price,
    product,
    promotion_code,
    refund,
    schedule_phase,
    setup_intent,
    subscription,
    subscription_item,
    subscription_schedule,
    tax_id,
    test_clock,
    webhook_endpoint,
);

fn filled(empty: &Value, set: Value) -> Value {
    let mut object = empty.clone();
    if let Value::Object(fields) = set {
        for (key, value) in fields {
            debug_assert!(empty.get(&key).is_some(), "{} has no field {key}", empty["object"]);
            object[key] = value;
        }
    }
    object
}
