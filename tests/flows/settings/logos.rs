//! Logos: what is taken, what is kept of it, who sees it, and what hostile files come to.

use super::{PAGE, audited, rename};
use crate::both;
use crate::support::{ACME, Alone, Answer, App, Browser, Cast, together};
use flate2::{Crc, write::ZlibEncoder};
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use keel_types::time::DAY;
use reqwest::header;
use serde_json::json;
use std::io::{Cursor, Write as _};

const URL: &str = "/api/org/update-settings";
const HTML: &str = "text/html";
const JSON: &str = "application/json";
const MIB: usize = 1024 * 1024;

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let [middle, shade] = [width / 2, height / 2];
    let colour = |x: u32, y: u32| {
        Rgba(if x < middle {
            [200, 30, 30, 255]
        } else if y < shade {
            [30, 30, 200, 255]
        } else {
            [0, 0, 0, 0]
        })
    };
    let drawn = DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, colour));
    let drawn = if format == ImageFormat::Jpeg { DynamicImage::ImageRgb8(drawn.to_rgb8()) } else { drawn };
    let mut bytes = vec![];
    drawn.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

fn png(width: u32, height: u32) -> Vec<u8> {
    picture(width, height, ImageFormat::Png)
}

/// A part of a PNG file, with its checksum.
fn chunk(kind: &str, data: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(kind.as_bytes());
    sum.update(data);
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes()[..], kind.as_bytes(), data, &sum.sum().to_be_bytes()].concat()
}

/// A PNG file that says to be so large, and holds so many bytes of nothing.
fn bomb(width: u32, height: u32, inflated: usize) -> Vec<u8> {
    let mut data = ZlibEncoder::new(vec![], flate2::Compression::fast());
    data.write_all(&vec![0; inflated]).unwrap();
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk("IHDR", &head), &chunk("IDAT", &data.finish().unwrap()), &chunk("IEND", &[])].concat()
}

/// A JPEG file whose head says to be 30 000 by 30 000.
fn vast_jpeg() -> Vec<u8> {
    let mut bytes = picture(8, 8, ImageFormat::Jpeg);
    let frame = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a frame");
    bytes[frame + 5..frame + 9].copy_from_slice(&[0x75, 0x30, 0x75, 0x30]);
    bytes
}

async fn post(browser: &Browser, path: &str, accept: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
    browser.send(browser.uploaded(path, accept, fields, ("logo", file))).await
}

/// Sends a file by the form of the settings page.
async fn upload(browser: &Browser, file: &[u8]) -> Answer {
    let page = browser.get(PAGE).await;
    let form = page.form_to(URL);
    let fields: Vec<(&str, &str)> = form.filled(&[]).into_iter().filter(|(name, _)| *name != "logo").collect();
    post(browser, &form.action, HTML, &fields, file).await
}

/// Sends a file as a program, with everything else as it is.
async fn upload_to_acme(browser: &Browser, file: &[u8]) -> Answer {
    let fields = [("account", ACME), ("name", "Acme"), ("slug", ACME)];
    post(browser, URL, JSON, &fields, file).await
}

/// Where Acme's logo is; empty without one.
async fn logo(app: &App) -> String {
    app.db.text("SELECT COALESCE('/logos/' || id || '/' || logo, '') FROM accounts WHERE slug = 'acme'").await
}

async fn files(app: &App) -> i64 {
    app.db.number("SELECT COUNT(*) FROM files").await
}

/// The picture behind an address.
async fn shown(browser: &Browser, address: &str) -> RgbaImage {
    let response = browser.request(reqwest::Method::GET, address).send().await.unwrap();
    assert_eq!(response.status(), 200);
    for (name, wanted) in [("content-type", "image/png"), ("x-content-type-options", "nosniff"), ("cache-control", "private, no-cache")] {
        assert_eq!(response.headers()[name], wanted);
    }
    image::load_from_memory_with_format(&response.bytes().await.unwrap(), ImageFormat::Png).unwrap().into_rgba8()
}

both! {
    async fn what_a_browser_kept_of_a_logo_is_shown_to_nobody_who_may_not_see_it(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(upload_to_acme(&cast.adam, &png(20, 10)).await.status, 200);
        let address = logo(&app).await;
        let again = |browser: &Browser, tag: &header::HeaderValue| browser.request(reqwest::Method::GET, &address).header(header::IF_NONE_MATCH, tag);
        let tag = cast.max.get(&address).await.headers[header::ETAG].clone();
        let kept = cast.max.send(again(&cast.max, &tag)).await;
        assert_eq!((kept.status, kept.body.as_str()), (304, ""));
        assert_eq!((&kept.headers[header::CACHE_CONTROL], &kept.headers[header::ETAG]), (&header::HeaderValue::from_static("private, no-cache"), &tag));
        assert_eq!(cast.eve.send(again(&cast.eve, &tag)).await.status, 404, "who knows the tag is no member by it");
        let left = cast.max.copy();
        cast.max.form("/api/auth/sign-out", &[]).await.location();
        for browser in [&cast.max, &left] {
            assert_eq!(browser.send(again(browser, &tag)).await.status, 401, "after the sign-out");
        }
    }

    async fn a_logo_is_made_small_and_seen_by_members(app: App) {
        let cast = Cast::gather(&app).await;
        upload(&cast.adam, &png(1_200, 600)).await.leads_to(PAGE);
        let first = logo(&app).await;
        let page = cast.adam.get(PAGE).await;
        assert!(page.body.contains("The settings are saved.") && page.body.contains(&format!("src=\"{first}\"")), "{}", page.body);
        for browser in [&cast.olivia, &cast.max, &cast.vera, &cast.aude] {
            assert!(browser.get("/private-dashboard").await.body.contains(&format!("src=\"{first}\"")), "in the switcher");
            let seen = shown(browser, &first).await;
            assert_eq!((seen.dimensions(), seen.get_pixel(10, 10).0[0], seen.get_pixel(200, 100).0[3]), ((256, 128), 200, 0));
        }
        let unknown = format!("{}/{}.png", first.rsplit_once('/').unwrap().0, "0".repeat(32));
        let nobodys = first.replace("/acc_0", "/acc_f");
        for (browser, address) in [(&cast.eve, &first), (&cast.rob, &first), (&cast.olivia, &unknown), (&cast.olivia, &nobodys)] {
            let refused = browser.get(address).await;
            assert_eq!((refused.problem(), refused.body), ((404, "NOT_FOUND".to_owned()), cast.eve.get("/logos/x/y").await.body));
        }
        assert_eq!(app.browser().get(&first).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));

        assert_eq!(upload_to_acme(&cast.olivia, &png(1_200, 600)).await.status, 200);
        assert_eq!((logo(&app).await, files(&app).await, audited(&app).await.len()), (first.clone(), 1, 1), "the same one again");
        assert_eq!(upload_to_acme(&cast.olivia, &png(40, 30)).await.status, 200);
        let second = logo(&app).await;
        assert_eq!(shown(&cast.olivia, &second).await.dimensions(), (40, 30), "a small one stays as large as it is");
        assert_eq!((cast.olivia.get(&first).await.status, files(&app).await), (404, 1), "the one before is gone");
        let name = |address: &str| json!(address.rsplit('/').next().unwrap());
        assert_eq!(audited(&app).await, [json!({ "logo": name(&first) }), json!({ "logo": name(&second) })]);

        let form = cast.olivia.get(PAGE).await.form_to("/api/org/remove-logo");
        cast.olivia.form(&form.action, &form.filled(&[])).await.leads_to(PAGE);
        let page = cast.olivia.get(PAGE).await;
        assert!(page.body.contains("The logo is removed.") && !page.body.contains("<img") && !page.body.contains("/api/org/remove-logo"));
        cast.olivia.form(&form.action, &form.filled(&[])).await.leads_to(PAGE);
        assert_eq!((logo(&app).await, files(&app).await, audited(&app).await.len()), (String::new(), 0, 3));
    }

    async fn one_form_changes_everything_or_nothing(app: App) {
        let cast = Cast::gather(&app).await;
        let fields = |slug| [("name", "Apex"), ("slug", slug), ("account", ACME)];
        let both = post(&cast.olivia, URL, HTML, &fields("evil-corp"), &png(9, 9)).await;
        assert!(both.status == 409 && both.body.contains("value=\"Apex\""), "{}", both.body);
        assert_eq!((logo(&app).await, files(&app).await, audited(&app).await.len()), (String::new(), 0, 0));
        let done = post(&cast.olivia, URL, HTML, &fields("apex"), &png(9, 9)).await;
        done.leads_to(PAGE);
        assert_eq!((files(&app).await, audited(&app).await.len()), (1, 1));
        let none = post(&cast.olivia, URL, HTML, &[("name", "Apex"), ("slug", ACME)], b"").await;
        none.leads_to(PAGE);
        assert_eq!(files(&app).await, 1, "no file was chosen: the logo stays");
        assert_eq!(rename(&cast.olivia, ACME, "Acme", ACME).await.status, 200);
        for (browser, wanted) in [(&cast.max, 403), (&cast.aude, 403), (&cast.eve, 404), (&cast.rob, 404), (&app.browser(), 401)] {
            assert_eq!(upload_to_acme(browser, &png(5, 5)).await.status, wanted);
            assert_eq!(browser.json("/api/org/remove-logo", &json!({ "account": ACME })).await.status, wanted);
        }
        assert_eq!(files(&app).await, 1);
    }

    async fn each_kind_of_picture_is_written_anew(app: App) {
        let cast = Cast::gather(&app).await;
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            // What else is in the file stays behind; what it is called and said to be counts for nothing.
            let polyglot = [picture(300, 300, format), b"<script>alert(1)</script>".to_vec()].concat();
            assert_eq!(upload_to_acme(&cast.olivia, &polyglot).await.status, 200, "{format:?}");
            let seen = shown(&cast.olivia, &logo(&app).await).await;
            assert_eq!(seen.dimensions(), (256, 256), "{format:?}");
            assert!(seen.get_pixel(20, 20).0[0].abs_diff(200) < 8, "{format:?}");
        }
        let marked = {
            let plain = png(20, 20);
            let (head, rest) = plain.split_at(33);
            [head, &chunk("tEXt", b"Comment\0<script>alert(1)</script>"), rest].concat()
        };
        assert_eq!(upload_to_acme(&cast.olivia, &marked).await.status, 200);
        let kept = cast.olivia.request(reqwest::Method::GET, &logo(&app).await).send().await.unwrap().bytes().await.unwrap();
        assert!(!kept.windows(6).any(|part| part == b"script"));
        assert_eq!(upload_to_acme(&cast.olivia, &bomb(64, 64, 16 * MIB)).await.status, 200, "what lies behind the last pixel is not read");
    }

    async fn what_is_no_picture_is_told_at_its_field(app: App) {
        let cast = Cast::gather(&app).await;
        let (whole, jpeg, webp) = (png(400, 400), picture(400, 400, ImageFormat::Jpeg), picture(400, 400, ImageFormat::WebP));
        let broken = {
            let mut broken = whole.clone();
            let middle = broken.len() / 2;
            broken[middle] ^= 0xff;
            broken
        };
        let hostile: Vec<(&str, Vec<u8>)> = vec![
            ("SVG", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec()),
            ("XML", b"<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><svg>&x;</svg>".to_vec()),
            ("GIF", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;<script>alert(1)</script>".to_vec()),
            ("BMP", [&b"BM"[..], &[0; 60]].concat()),
            ("HTML", b"<!DOCTYPE html><script>alert(1)</script>".to_vec()),
            ("nothing but a name", b"\x89PNG\r\n\x1a\n".to_vec()),
            ("a cut PNG", whole[..whole.len() / 2].to_vec()),
            ("a cut JPEG", jpeg[..60].to_vec()),
            ("a cut WebP", webp[..webp.len() / 2].to_vec()),
            ("a broken PNG", broken),
            ("too few bytes", bomb(300, 300, 10)),
            ("no pixels", bomb(0, 0, 10)),
            ("noise", (0..MIB).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect()),
        ];
        for (what, file) in hostile {
            let answer = upload_to_acme(&cast.olivia, &file).await;
            assert_eq!(answer.problem(), (422, "INVALID".to_owned()), "{what}");
            assert_eq!(answer.json()["errors"], json!([{ "field": "logo", "code": "not_a_picture" }]), "{what}");
        }
        for (what, file) in [("a vast PNG", bomb(30_000, 30_000, 1_000)), ("a long PNG", bomb(3_001, 1, 13_000)), ("a vast JPEG", vast_jpeg())] {
            let answer = upload_to_acme(&cast.olivia, &file).await;
            assert_eq!(answer.json()["errors"], json!([{ "field": "logo", "code": "too_many_pixels" }]), "{what}");
        }
        assert_eq!((logo(&app).await, files(&app).await, audited(&app).await.len()), (String::new(), 0, 0));
        let page = post(&cast.olivia, URL, HTML, &[("name", "Typed"), ("slug", "typed-too")], b"<svg/>").await;
        assert_eq!(page.status, 422);
        for part in ["id=\"logo-error\"", "value=\"Typed\"", "value=\"typed-too\"", "PNG, JPEG or WebP", "<h1>Settings</h1>"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
    }

    async fn a_file_may_have_a_mebibyte_and_not_one_byte_more(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(upload_to_acme(&cast.olivia, &vec![7; MIB]).await.problem(), (422, "INVALID".to_owned()));
        for size in [MIB + 1, 6 * MIB] {
            let answer = upload_to_acme(&cast.olivia, &vec![7; size]).await;
            assert_eq!(answer.problem(), (413, "TOO_LARGE".to_owned()), "{size}");
            assert_eq!(answer.json()["errors"], json!([{ "field": "logo", "code": "file_too_large" }]), "{size}");
        }
        let large = vec![7; MIB + 1];
        let page = post(&cast.olivia, URL, HTML, &[("name", "Typed"), ("slug", "typed-too")], &large).await;
        assert_eq!(page.status, 413);
        for part in ["id=\"logo-error\"", "value=\"Typed\"", "value=\"typed-too\"", "larger than 1 MiB", "<h1>Settings</h1>"] {
            assert!(page.body.contains(part), "{part}: {}", page.body);
        }
        let texts = "x".repeat(65 * 1024);
        let answer = post(&cast.olivia, URL, JSON, &[("name", &texts)], b"").await;
        assert_eq!(answer.problem(), (413, "TOO_LARGE".to_owned()));
        assert_eq!(upload_to_acme(&app.browser(), &large).await.problem(), (401, "SIGN_IN_REQUIRED".to_owned()));
        let elsewhere = cast.olivia.request(reqwest::Method::POST, URL).header("sec-fetch-site", "cross-site");
        let elsewhere = elsewhere.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x").body("--x--");
        assert_eq!(cast.olivia.send(elsewhere).await.problem(), (403, "ORIGIN_REQUIRED".to_owned()));
        for (boundary, body) in [("", ""), ("; boundary=x", "--y--"), ("; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAc")] {
            let request = cast.olivia.request(reqwest::Method::POST, URL).header("sec-fetch-site", "same-origin");
            let request = request.header(header::CONTENT_TYPE, format!("multipart/form-data{boundary}")).body(body);
            assert_eq!(cast.olivia.send(request).await.problem(), (400, "MALFORMED".to_owned()), "{boundary} {body}");
        }
    }

    async fn a_workspace_is_given_fifty_logos_a_day(app: App) {
        let cast = Cast::gather(&app).await;
        assert_eq!(upload_to_acme(&cast.olivia, b"no picture counts too").await.status, 422);
        assert_eq!(app.db.number("SELECT taken FROM limits WHERE key LIKE 'logo: %'").await, 1);
        app.db.run("UPDATE limits SET taken = 50 WHERE key LIKE 'logo: %'").await;
        assert_eq!(upload_to_acme(&cast.adam, &png(5, 5)).await.problem(), (429, "TOO_MANY".to_owned()));
        assert_eq!(rename(&cast.adam, ACME, "Apex", ACME).await.status, 200, "the rest is not counted");
        app.advance(DAY).await;
        assert_eq!(upload_to_acme(&cast.adam, &png(5, 5)).await.status, 200);
    }

    async fn of_many_logos_at_once_one_is_left(app: App) {
        let cast = Cast::gather(&app).await;
        let statuses = together((1..=8).map(|size| {
            let browser = if size % 2 == 0 { cast.olivia.copy() } else { cast.adam.copy() };
            async move { upload_to_acme(&browser, &png(size * 10, 20)).await.status }
        }))
        .await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        assert_eq!((files(&app).await, audited(&app).await.len()), (1, 8));
        shown(&cast.max, &logo(&app).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_pictures_take_the_memory_of_one() {
    let keel = Alone::serve(&[]).await;
    let browser = Browser::new(&keel.base);
    let email = "olivia@acme.example";
    browser.form("/api/auth/request-link", &[("email", email)]).await.leads_to("/verify");
    let mails = browser.get(&format!("/dev/mailbox.json?to={email}")).await.json();
    let code: String = mails[0]["subject"].as_str().unwrap().chars().take_while(char::is_ascii_digit).collect();
    assert_eq!(browser.form("/api/auth/verify-otp", &[("code", &code)]).await.status, 303);
    let (before, most_before) = (keel.memory(), keel.memory_at_most());
    let fields = [("name", "Acme"), ("slug", "acme")];
    let files = [bomb(30_000, 30_000, 8 * MIB), bomb(3_000, 3_000, 3_000 * 12_001), vast_jpeg(), bomb(2_900, 2_900, MIB)];
    let statuses = together((0..8).map(|number| {
        let (browser, file) = (browser.copy(), files[number % files.len()].clone());
        async move { post(&browser, URL, HTML, &fields, &file).await.status }
    }))
    .await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 2, "the one that is as large as it may be: {statuses:?}");
    assert!(statuses.iter().all(|status| [303, 422].contains(status)), "{statuses:?}");
    let (after, most) = (keel.memory(), keel.memory_at_most());
    println!("{before} MiB before, {after} MiB after, {} MiB more than before at most", most - most_before);
    assert!(after < before + 40, "{before} MiB before, {after} MiB after");
    // The pixels of one picture of 3 000 by 3 000, and eight forms of a build that is not optimized.
    assert!(most < most_before + 110, "{most_before} MiB before, {most} MiB at most");
}
