-- What people tell about themselves, and how they want to be spoken to; without a language or a time zone, those of the browser
-- count. `muted` has the kinds of notices that are not mailed to them, words separated by spaces.
ALTER TABLE user_profiles ADD COLUMN job_title TEXT;
ALTER TABLE user_profiles ADD COLUMN vat_number TEXT;
ALTER TABLE user_profiles ADD COLUMN language TEXT;
ALTER TABLE user_profiles ADD COLUMN time_zone TEXT;
ALTER TABLE user_profiles ADD COLUMN muted TEXT NOT NULL DEFAULT 'product';

-- Where whoever gets a mail stops others of its kind; mails that are always sent have none.
ALTER TABLE mail_outbox ADD COLUMN unsubscribe TEXT;
