"""The story of ../README.md, told through Stripe's client for Python: `python python.py API KEY` prints what it saw."""

import http.server
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import stripe

API, KEY = sys.argv[1:]


def connect(key):
    return stripe.StripeClient(key, base_addresses={"api": API}, max_network_retries=0)


class Receiver(http.server.BaseHTTPRequestHandler):
    received = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append((body, self.headers["stripe-signature"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def post(url, body, kind):
    """The status of the answer to a POST; redirects are not followed."""
    request = urllib.request.Request(url, body.encode(), {"content-type": kind})
    try:
        return urllib.request.build_opener(Unfollowed).open(request).status
    except urllib.error.HTTPError as error:
        return error.code


def fault(api_error):
    """Orders trouble for the next call."""
    post(API + "/_sandbox/faults", json.dumps({"api_error": api_error}), "application/json")


def refusal(call):
    """What a call that has to fail fails with."""
    try:
        call()
    except stripe.APIConnectionError:
        return "no connection"
    except stripe.StripeError as error:
        said = error.error.to_dict()
        return {"status": error.http_status, "type": said.get("type"), "code": said.get("code"), "param": said.get("param")}
    raise AssertionError("a call succeeded that had to fail")


client = connect(KEY).v1
receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
endpoint = client.webhook_endpoints.create({"url": f"http://127.0.0.1:{receiver.server_port}/", "enabled_events": ["*"]})

product = client.products.create({"name": "Pro", "metadata": {"plan": "pro"}})
price = client.prices.create(
    {"product": product.id, "currency": "usd", "unit_amount": 2900, "recurring": {"interval": "month"}, "lookup_key": "pro_month"}
)

person = {"name": "Ada", "email": "ada@acme.example", "metadata": {"account_id": "acc_1"}}
ada = client.customers.create(person, {"idempotency_key": "ada"})
again = client.customers.create(person, {"idempotency_key": "ada"})
reused = refusal(lambda: client.customers.create({"name": "Eve"}, {"idempotency_key": "ada"}))
for name in ["Bea", "Cleo"]:
    client.customers.create({"name": name})

opened = client.checkout.sessions.create(
    {
        "mode": "subscription",
        "customer": ada.id,
        "line_items": [{"price": price.id, "quantity": 2}],
        "success_url": "http://127.0.0.1:9/?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/",
        "subscription_data": {"metadata": {"account_id": "acc_1"}},
    }
)
card = {"action": "pay", "card_number": "4242424242424242", "expiry": "12 / 40", "cvc": "123"}
page = post(opened.url, urllib.parse.urlencode(card), "application/x-www-form-urlencoded")
session = client.checkout.sessions.retrieve(opened.id, {"expand": ["subscription", "invoice"]})
subscription = client.subscriptions.retrieve(session.subscription.id)
invoice = client.invoices.retrieve(subscription.latest_invoice)

prices = client.prices.list({"lookup_keys": ["pro_month", "other"], "active": True})
names = [customer.name for customer in client.customers.list({"limit": 2}).auto_paging_iter()]
events = [event.type for event in client.events.list({"limit": 5}).auto_paging_iter()][::-1]

end = time.monotonic() + 10
while len(Receiver.received) < len(events) and time.monotonic() < end:
    time.sleep(0.02)
receiver.shutdown()


def verify(body, signature, secret=endpoint.secret):
    return stripe.Webhook.construct_event(body, signature, secret).type


def is_refused(*webhook):
    try:
        verify(*webhook)
        return False
    except stripe.SignatureVerificationError:
        return True


body, signature = Receiver.received[0]

fault({"status": 429})
hurried = refusal(client.customers.list)
fault({"status": 500})
broken = refusal(client.customers.list)
fault({"hang_up": True, "after_commit": True, "count": 2})


def lost():
    return client.customers.create({"email": "lost@acme.example"}, {"idempotency_key": "lost"})


cut = refusal(lost)
refusal(lost)
found = lost()
kept = client.customers.list({"email": "lost@acme.example"})

print(
    json.dumps(
        {
            "product": {"object": product.object, "name": product.name, "active": product.active, "metadata": product.metadata.to_dict()},
            "price": {
                "type": price.type,
                "unit_amount": price.unit_amount,
                "currency": price.currency,
                "interval": price.recurring.interval,
                "of_product": price.product == product.id,
            },
            "customer": {"name": ada.name, "email": ada.email, "account_id": ada.metadata["account_id"], "livemode": ada.livemode},
            "same_key": {"same_customer": again.id == ada.id, "other_parameters": reused},
            "opened": {
                "status": opened.status,
                "payment_status": opened.payment_status,
                "mode": opened.mode,
                "amount_total": opened.amount_total,
                "currency": opened.currency,
            },
            "page": page,
            "session": {
                "status": session.status,
                "payment_status": session.payment_status,
                "url": session.url,
                "subscription": session.subscription.status,
                "invoice": session.invoice.status,
            },
            "subscription": {
                "status": subscription.status,
                "currency": subscription.currency,
                "account_id": subscription.metadata["account_id"],
                "of_customer": subscription.customer == ada.id,
                "items": [
                    {
                        "lookup_key": item.price.lookup_key,
                        "quantity": item.quantity,
                        "has_ended": item.current_period_end <= item.current_period_start,
                    }
                    for item in subscription["items"].data
                ],
            },
            "invoice": {
                "status": invoice.status,
                "total": invoice.total,
                "amount_paid": invoice.amount_paid,
                "billing_reason": invoice.billing_reason,
                "of_session": invoice.id == session.invoice.id,
                "lines": [{"amount": line.amount, "quantity": line.quantity, "description": line.description} for line in invoice.lines.data],
            },
            "prices": [price.lookup_key for price in prices.data],
            "customers": names,
            "events": events,
            "webhooks": {
                "as_listed": [verify(*webhook) for webhook in Receiver.received] == events,
                "changed_is_refused": is_refused(body.replace(b"created", b"treated"), signature),
                "wrong_secret_is_refused": is_refused(body, signature, "whsec_wrong"),
            },
            "refusals": {
                "missing": refusal(lambda: client.customers.retrieve("cus_unknown")),
                "price": refusal(
                    lambda: client.checkout.sessions.create(
                        {"mode": "payment", "line_items": [{"price": "price_unknown", "quantity": 1}], "success_url": "http://127.0.0.1:9/"}
                    )
                ),
                "email": refusal(lambda: client.customers.create({"email": "nobody"})),
                "key": refusal(connect("sk_test_wrong").v1.customers.list),
                "hurried": hurried,
                "broken": broken,
            },
            "lost_answer": {"first": cut, "customers": len(kept.data), "same_customer": kept.data[0].id == found.id},
        }
    )
)
