"""The life of a subscription, as ../README.md has it, told through Stripe's client for Python: `python life.py API KEY`
prints what it saw."""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

import stripe

API, KEY = sys.argv[1:]
client = stripe.StripeClient(KEY, base_addresses={"api": API}, max_network_retries=0).v1


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def press(url, fields):
    """Presses a button on a page; answers the status."""
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode())
    try:
        return urllib.request.build_opener(Unfollowed).open(request).status
    except urllib.error.HTTPError as error:
        return error.code


def monthly(name, amount):
    return client.prices.create(
        {"currency": "usd", "unit_amount": amount, "product_data": {"name": name}, "recurring": {"interval": "month"}}
    )


def now():
    return client.subscriptions.retrieve(id, {"expand": ["latest_invoice"]})


def next_period():
    """A minute after the current period has ended."""
    end = now()["items"].data[0].current_period_end
    with urllib.request.urlopen(f"{API}/_sandbox/clock") as answer:
        advance = end * 1000 - json.load(answer)["now_ms"] + 60_000
    body = json.dumps({"advance_ms": advance}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{API}/_sandbox/clock", body, {"content-type": "application/json"})).close()


def bill(invoice):
    lines = [{"amount": line.amount, "proration": line.parent.subscription_item_details.proration} for line in invoice.lines.data]
    return {"status": invoice.status, "reason": invoice.billing_reason, "total": invoice.total, "lines": lines}


def state(subscription):
    item = subscription["items"].data[0]
    bought = {"price": name[item.price.id], "quantity": item.quantity}
    return {"status": subscription.status, **bought, "invoice": bill(subscription.latest_invoice)}


def refusal(call):
    """What a call that has to fail fails with."""
    try:
        call()
    except stripe.StripeError as error:
        said = error.error.to_dict()
        return {"status": error.http_status, "type": said.get("type"), "code": said.get("code"), "decline_code": said.get("decline_code")}
    raise AssertionError("a call succeeded that had to fail")


small, large = monthly("Small", 3000), monthly("Large", 6000)
name = {small.id: "small", large.id: "large"}
customer = client.customers.create({"name": "Acme", "email": "olivia@acme.example"})

session = client.checkout.sessions.create(
    {
        "mode": "subscription",
        "customer": customer.id,
        "line_items": [{"price": small.id, "quantity": 1}],
        "success_url": "http://127.0.0.1:9/",
        "subscription_data": {"trial_period_days": 14},
    }
)
card = {"card_number": "4242424242424242", "expiry": "12 / 40", "cvc": "123"}
press(session.url, {"action": "pay", **card})
id = client.checkout.sessions.retrieve(session.id).subscription
trial = now()
item = trial["items"].data[0].id

strict = {"payment_behavior": "error_if_incomplete", "expand": ["latest_invoice"]}
ended = client.subscriptions.update(id, {"trial_end": "now", **strict})
up = {"items": [{"id": item, "price": large.id}], "proration_behavior": "always_invoice"}
preview = client.invoices.create_preview({"subscription": id, "subscription_details": up})
upgraded = client.subscriptions.update(id, {**up, **strict})

begun = client.subscription_schedules.create({"from_subscription": id})
phase = begun.phases[0]
scheduled = client.subscription_schedules.update(
    begun.id,
    {
        "phases": [
            {"items": [{"price": large.id}], "start_date": phase.start_date, "end_date": phase.end_date},
            {"items": [{"price": small.id}], "proration_behavior": "none"},
        ]
    },
)
next_period()
downgraded = now()
released = client.subscription_schedules.release(begun.id)

failing = client.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
client.subscriptions.update(id, {"default_payment_method": failing.id})
refused = refusal(lambda: client.subscriptions.update(id, {**up, **strict}))
next_period()
owed = now()

portal = client.billing_portal.sessions.create({"customer": customer.id, "return_url": "http://127.0.0.1:9/back"})
page = press(f"{portal.url}/card", {"action": "save", **card})
paid = client.invoices.pay(owed.latest_invoice.id, {"expand": ["payments"]})
latest_charge = client.payment_intents.retrieve(paid.payments.data[0].payment.payment_intent).latest_charge
refund = client.refunds.create({"charge": latest_charge, "amount": 1000, "reason": "requested_by_customer"})
charge = client.charges.retrieve(latest_charge)
recovered = now()
cancelled = client.subscriptions.cancel(id)
events = [event.type for event in client.events.list({"limit": 100}).auto_paging_iter()][::-1]

print(
    json.dumps(
        {
            "trial": {**state(trial), "lasts": trial.trial_end - trial.trial_start},
            "ended": state(ended),
            "preview": bill(preview),
            "upgraded": state(upgraded),
            "scheduled": {"status": scheduled.status, "phases": [name[phase["items"][0].price] for phase in scheduled.phases]},
            "downgraded": state(downgraded),
            "released": {"status": released.status, "of_subscription": released.released_subscription == id},
            "refused": refused,
            "owed": {**state(owed), "attempts": owed.latest_invoice.attempt_count},
            "portal": {"object": portal.object, "saved": page},
            "recovered": state(recovered),
            "refund": {"amount": refund.amount, "status": refund.status, "refunded": charge.amount_refunded, "whole": charge.refunded},
            "cancelled": {"status": cancelled.status, "has_ended": cancelled.ended_at is not None},
            "events": events,
        }
    )
)
