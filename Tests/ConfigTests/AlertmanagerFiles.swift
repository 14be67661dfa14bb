/// Small Alertmanager configurations, valid and invalid, by what they exercise.
enum AlertmanagerFiles {
    static let all: [String: String] = [
        "anchors": #"""
        x-common: &c {receiver: a}
        route: *c
        receivers: [{name: a}]
        """#,
        "anchors2": #"""
        route: {receiver: a, routes: [&c {matchers: ['a=b'], receiver: a}, {<<: *c, continue: true}]}
        receivers: [{name: a}]
        """#,
        "dupreceiver": #"""
        route: {receiver: a}
        receivers: [{name: a},{name: a}]
        """#,
        "dur_1w": #"""
        route: {receiver: a, repeat_interval: 1w2d}
        receivers: [{name: a}]
        """#,
        "dur_plain": #"""
        route: {receiver: a, group_wait: 30}
        receivers: [{name: a}]
        """#,
        "em_badheadername": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, headers: {'a b': c}}]}]
        """#,
        "em_badsmarthost": #"""
        global: {smtp_smarthost: 'h', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "em_bothpw": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b', smtp_auth_password: a, smtp_auth_password_file: /b}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "em_dupheader": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, headers: {Subject: a, subject: b}}]}]
        """#,
        "em_good": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b', smtp_hello: x, smtp_auth_username: u, smtp_auth_password: p, smtp_auth_identity: i, smtp_auth_secret: s, smtp_require_tls: false}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: 'x@y, z@w', send_resolved: true, headers: {Subject: 's', From: 'f', X-A: b}, html: '<b>', text: '', tls_config: {insecure_skip_verify: true}, auth_username: q, auth_password: z, auth_secret: t, auth_identity: i, require_tls: true, hello: h, smarthost: 'x:1', from: 'p@q'}]}]
        """#,
        "em_htmllist": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, html: [a]}]}]
        """#,
        "em_htmlnull": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, html: ~}]}]
        """#,
        "em_noglobal": #"""
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y}]}]
        """#,
        "em_nohtmltext": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, html: '', text: ''}]}]
        """#,
        "em_noport": #"""
        global: {smtp_smarthost: 'h:', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "em_noto": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{from: x@y}]}]
        """#,
        "em_ownbothpw": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, auth_username: u, auth_password: a, auth_password_file: /etc/hostname}]}]
        """#,
        "em_porthostless": #"""
        global: {smtp_smarthost: ':25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y}]}]
        """#,
        "em_portname": #"""
        global: {smtp_smarthost: 'h:smtp', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y}]}]
        """#,
        "em_pwfilemissing": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b', smtp_auth_username: u, smtp_auth_password_file: /nonexistent}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y}]}]
        """#,
        "em_pwwithoutuser": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b', smtp_auth_password: u}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, auth_password: u}]}]
        """#,
        "em_smarthostempty": #"""
        global: {smtp_smarthost: '', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, smarthost: 'h:25'}]}]
        """#,
        "em_smarthostsempty": #"""
        global: {smtp_smarthost: '', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, smarthost: ''}]}]
        """#,
        "em_textmap": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y, text: {a: b}}]}]
        """#,
        "em_toempty": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: ''}]}]
        """#,
        "em_unknownport": #"""
        global: {smtp_smarthost: 'h:99999', smtp_from: 'a@b'}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y}]}]
        """#,
        "em_userwithoutpw": #"""
        global: {smtp_smarthost: 'h:25', smtp_from: 'a@b', smtp_auth_username: u}
        route: {receiver: a}
        receivers: [{name: a, email_configs: [{to: x@y}]}]
        """#,
        "emptyfile": #"""

        """#,
        "emptyreceivername": #"""
        route: {receiver: a}
        receivers: [{name: a},{name: ''}]
        """#,
        "foreign_globals": #"""
        global: {opsgenie_api_url: 'http://x', opsgenie_api_key: k, wechat_api_url: 'http://x', wechat_api_secret: s, wechat_api_corp_id: c, victorops_api_url: 'http://x', victorops_api_key: k, telegram_api_url: 'http://x', webex_api_url: 'http://x'}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "globalnull": #"""
        global:
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "groupbyall": #"""
        route: {receiver: a, group_by: ['...']}
        receivers: [{name: a}]
        """#,
        "groupbyallmore": #"""
        route: {receiver: a, group_by: ['...', x]}
        receivers: [{name: a}]
        """#,
        "groupbydup": #"""
        route: {receiver: a, group_by: [x,x]}
        receivers: [{name: a}]
        """#,
        "groupbyinvalid": #"""
        route: {receiver: a, group_by: ['-x']}
        receivers: [{name: a}]
        """#,
        "groupinterval0": #"""
        route: {receiver: a, group_interval: 0s}
        receivers: [{name: a}]
        """#,
        "groupwait0": #"""
        route: {receiver: a, group_wait: 0s}
        receivers: [{name: a}]
        """#,
        "hc_auth": #"""
        global: {http_config: {authorization: {type: Token, credentials: x}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_authempty": #"""
        global: {http_config: {authorization: {}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_authfile": #"""
        global: {http_config: {authorization: {credentials_file: /etc/hostname}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_basicempty": #"""
        global: {http_config: {basic_auth: {}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_basicnouser": #"""
        global: {http_config: {basic_auth: {password: x}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_bearer": #"""
        global: {http_config: {bearer_token: x}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_cafileempty": #"""
        global: {http_config: {tls_config: {ca_file: '', cert_file: '', key_file: ''}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_cafilemissing": #"""
        global: {http_config: {tls_config: {ca_file: /nonexistent}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_certalone": #"""
        global: {http_config: {tls_config: {cert_file: /etc/hostname}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_noproxy": #"""
        global: {http_config: {proxy_url: 'http://p', no_proxy: 'a,b'}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_noproxyalone": #"""
        global: {http_config: {no_proxy: 'a,b'}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_oauth2": #"""
        global: {http_config: {oauth2: {client_id: c, client_secret: s, token_url: 'https://t', scopes: [a], endpoint_params: {a: b}}}}
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'https://x'}]}]
        """#,
        "hc_oauth2noid": #"""
        global: {http_config: {oauth2: {client_id: '', client_secret: s, token_url: 'https://t'}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_oauth2nourl": #"""
        global: {http_config: {oauth2: {client_id: c, client_secret: s, token_url: t}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_proxyheader": #"""
        global: {http_config: {proxy_url: 'http://p', proxy_connect_header: {A: [b, c]}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_proxyheaderscalar": #"""
        global: {http_config: {proxy_url: 'http://p', proxy_connect_header: {A: b}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_pwfile": #"""
        global: {http_config: {basic_auth: {username: a, password: b, password_file: /c}}}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "hc_two": #"""
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'http://x', http_config: {basic_auth: {username: u, password: p}, bearer_token: x}}]}]
        """#,
        "inhibit_badequal": #"""
        route: {receiver: a}
        inhibit_rules: [{source_match: {a: b}, target_match_re: {c: d}, equal: ['-x']}]
        receivers: [{name: a}]
        """#,
        "inhibit_badre": #"""
        route: {receiver: a}
        inhibit_rules: [{source_match_re: {a: '('}, target_match: {c: d}}]
        receivers: [{name: a}]
        """#,
        "inhibit_equalstring": #"""
        route: {receiver: a}
        inhibit_rules: [{source_match: {a: b}, target_match: {c: d}, equal: x}]
        receivers: [{name: a}]
        """#,
        "inhibit_good": #"""
        route: {receiver: a}
        inhibit_rules: [{source_match: {a: b}, target_match_re: {c: d.*}, equal: [x, y]}, {source_matchers: ['a=b'], target_matchers: ['a=c']}, {}]
        receivers: [{name: a}]
        """#,
        "match_int": #"""
        route: {receiver: a, routes: [{match: {a: 1, b: true}}]}
        receivers: [{name: a}]
        """#,
        "match_nil": #"""
        route: {receiver: a, routes: [{match: {a: }}]}
        receivers: [{name: a}]
        """#,
        "matchersbad": #"""
        route: {receiver: a, routes: [{matchers: ['a'], receiver: a}]}
        receivers: [{name: a}]
        """#,
        "matchersbraces": #"""
        route: {receiver: a, routes: [{matchers: ['{a="b", c=~"d"}'], receiver: a}]}
        receivers: [{name: a}]
        """#,
        "matcherscalar": #"""
        route: {receiver: a, routes: [{matchers: 'a=b', receiver: a}]}
        receivers: [{name: a}]
        """#,
        "matchersempty": #"""
        route: {receiver: a, routes: [{matchers: [''], receiver: a}]}
        receivers: [{name: a}]
        """#,
        "matchinvalidlabel": #"""
        route: {receiver: a, routes: [{match: {'-a': b}}]}
        receivers: [{name: a}]
        """#,
        "matchre_nil": #"""
        route: {receiver: a, routes: [{match_re: {a: }}]}
        receivers: [{name: a}]
        """#,
        "minimal": #"""
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "mute_undefined": #"""
        route: {receiver: a, routes: [{mute_time_intervals: [x]}]}
        receivers: [{name: a}]
        """#,
        "noreceiver": #"""
        route: {group_by: [x]}
        receivers: [{name: a}]
        """#,
        "noroute": #"""
        receivers: [{name: a}]
        """#,
        "pd_both": #"""
        route: {receiver: a}
        receivers: [{name: a, pagerduty_configs: [{routing_key: a, service_key: b}]}]
        """#,
        "pd_bothfile": #"""
        route: {receiver: a}
        receivers: [{name: a, pagerduty_configs: [{routing_key: a, routing_key_file: /b}]}]
        """#,
        "pd_emptyitems": #"""
        global: {}
        route: {receiver: a}
        receivers: [{name: a, pagerduty_configs: [{routing_key: x, images: [{}, {alt: a}], links: [{}, {text: a}]}]}]
        """#,
        "pd_good": #"""
        global: {pagerduty_url: 'https://x/v2/enqueue'}
        route: {receiver: a}
        receivers: [{name: a, pagerduty_configs: [{routing_key: a, send_resolved: false, client: c, client_url: u, description: d, severity: s, details: {a: b}, images: [{src: s, alt: a, href: h}], links: [{href: h, text: t}], source: s, class: c, component: c, group: g, url: 'https://y', http_config: {follow_redirects: false}}]}]
        """#,
        "pd_keyempty": #"""
        global: {}
        route: {receiver: a}
        receivers: [{name: a, pagerduty_configs: [{routing_key: '', service_key: ''}]}]
        """#,
        "pd_none": #"""
        route: {receiver: a}
        receivers: [{name: a, pagerduty_configs: [{}]}]
        """#,
        "pd_service": #"""
        route: {receiver: a}
        receivers: [{name: a, pagerduty_configs: [{service_key: a}]}]
        """#,
        "repeat0": #"""
        route: {receiver: a, repeat_interval: 0s}
        receivers: [{name: a}]
        """#,
        "resolve_timeout": #"""
        global: {resolve_timeout: 10m}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "resolvezero": #"""
        global: {resolve_timeout: 0s}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "rootmatch": #"""
        route: {receiver: a, match: {a: b}}
        receivers: [{name: a}]
        """#,
        "rootmute": #"""
        route: {receiver: a, mute_time_intervals: [x]}
        time_intervals: [{name: x, time_intervals: [{weekdays: [monday]}]}]
        receivers: [{name: a}]
        """#,
        "routenull": #"""
        route: {receiver: a, routes: [ ]}
        receivers: [{name: a}]
        """#,
        "routesnull": #"""
        route: {receiver: a, routes: }
        receivers: [{name: a}]
        """#,
        "sl_actionname": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{actions: [{type: button, text: x, name: n, value: v}]}]}]
        """#,
        "sl_actionnotext": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{actions: [{type: button, url: 'http://x'}]}]}]
        """#,
        "sl_actionnothing": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{actions: [{type: button, text: x, value: v}]}]}]
        """#,
        "sl_actionnotype": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{actions: [{type: '', text: x, url: 'http://x'}]}]}]
        """#,
        "sl_badurl": #"""
        global: {slack_api_url: 'x'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{channel: x}]}]
        """#,
        "sl_both": #"""
        global: {slack_api_url: 'https://x/', slack_api_url_file: /y}
        route: {receiver: a}
        receivers: [{name: a}]
        """#,
        "sl_confirm": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{actions: [{type: button, text: x, name: n, confirm: {text: t}}, {type: select, text: x, name: n}]}]}]
        """#,
        "sl_confirmempty": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{actions: [{type: button, text: x, name: n, confirm: {text: ''}}]}]}]
        """#,
        "sl_fieldempty": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{fields: [{title: '', value: x}]}]}]
        """#,
        "sl_fieldnovalue": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{fields: [{title: a}]}]}]
        """#,
        "sl_fileempty": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{channel: x, api_url_file: ''}]}]
        """#,
        "sl_good": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{channel: x, send_resolved: true, username: u, color: c, title: t, title_link: l, pretext: p, text: t, fields: [{title: a, value: b, short: true}], short_fields: true, footer: f, fallback: f, callback_id: c, icon_emoji: e, icon_url: u, image_url: i, thumb_url: t, link_names: true, mrkdwn_in: [text], actions: [{type: button, text: t, url: 'http://x', style: primary, name: n, value: v, confirm: {text: t, title: t, ok_text: o, dismiss_text: d}}], http_config: {proxy_url: 'http://p:1'}}]}]
        """#,
        "sl_nochannel": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{}]}]
        """#,
        "sl_noconfirmtext": #"""
        global: {slack_api_url: 'https://x/services/y'}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{actions: [{type: button, text: x, url: 'http://x', confirm: {title: t}}]}]}]
        """#,
        "sl_nourl": #"""
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{channel: x}]}]
        """#,
        "sl_ownboth": #"""
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{channel: x, api_url: 'https://x/', api_url_file: /y}]}]
        """#,
        "sl_secret": #"""
        global: {}
        route: {receiver: a}
        receivers: [{name: a, slack_configs: [{channel: x, api_url: <secret>}]}]
        """#,
        "sns": #"""
        route: {receiver: a}
        receivers: [{name: a, sns_configs: [{topic_arn: x, sigv4: {region: r}}]}]
        """#,
        "telegram": #"""
        route: {receiver: a}
        receivers: [{name: a, telegram_configs: [{chat_id: 1, bot_token: x, api_url: 'http://x'}]}]
        """#,
        "templates": #"""
        route: {receiver: a}
        templates: ['*.tmpl', '/etc/x/*.tmpl']
        receivers: [{name: a}]
        """#,
        "ti_badtime": #"""
        route: {receiver: a}
        time_intervals: [{name: x, time_intervals: [{times: [{start_time: '9:00', end_time: '24:00'}]}]}]
        receivers: [{name: a}]
        """#,
        "ti_badzone": #"""
        route: {receiver: a}
        time_intervals: [{name: x, time_intervals: [{location: 'Mars/X'}]}]
        receivers: [{name: a}]
        """#,
        "ti_dup": #"""
        route: {receiver: a}
        time_intervals: [{name: x, time_intervals: [{weekdays: [monday]}]}]
        mute_time_intervals: [{name: x, time_intervals: [{weekdays: [monday]}]}]
        receivers: [{name: a}]
        """#,
        "ti_good": #"""
        route: {receiver: a, routes: [{mute_time_intervals: [x], active_time_intervals: [y]}]}
        time_intervals: [{name: x, time_intervals: [{weekdays: ['monday:friday','Sunday'], times: [{start_time: '00:00', end_time: '24:00'}], days_of_month: ['1:5','-3:-1'], months: ['january:march','12'], years: ['2020:2022','2030'], location: 'Europe/Berlin'}]}]
        mute_time_intervals: [{name: y, time_intervals: [{weekdays: [saturday]}]}]
        receivers: [{name: a}]
        """#,
        "ti_local": #"""
        route: {receiver: a}
        time_intervals: [{name: x, time_intervals: [{location: 'Local', weekdays: [monday]}]}]
        receivers: [{name: a}]
        """#,
        "ti_nullwindows": #"""
        route: {receiver: a}
        time_intervals: [{name: x}]
        receivers: [{name: a}]
        """#,
        "ti_yearint": #"""
        route: {receiver: a}
        time_intervals: [{name: x, time_intervals: [{years: [2020], months: [1], days_of_month: [1]}]}]
        receivers: [{name: a}]
        """#,
        "twodocuments": #"""
        route: {receiver: a}
        receivers: [{name: a}]
        ---
        foo: bar
        """#,
        "undefinedreceiver": #"""
        route: {receiver: b}
        receivers: [{name: a}]
        """#,
        "unknownkey": #"""
        route: {receiver: a, bogus: 1}
        receivers: [{name: a}]
        """#,
        "utf8match": #"""
        route: {receiver: a, routes: [{matchers: ['"a b"="c"', 'x="🙂"']}]}
        receivers: [{name: a}]
        """#,
        "wh_both": #"""
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'http://x', url_file: /y}]}]
        """#,
        "wh_ftp": #"""
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'ftp://x'}]}]
        """#,
        "wh_good": #"""
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'https://x:80/y?z=1', max_alerts: 5, send_resolved: false, http_config: {basic_auth: {username: u, password: p}, tls_config: {server_name: x, min_version: TLS12}, enable_http2: true}}]}]
        """#,
        "wh_many": #"""
        global: {}
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'http://x', max_alerts: 99999999999}]}]
        """#,
        "wh_none": #"""
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{}]}]
        """#,
        "wh_plaintext": #"""
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'http://x', http_config: {basic_auth: {username: u, password: p}}}]}]
        """#,
        "wh_space": #"""
        global: {}
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'http://x/a b'}]}]
        """#,
        "wh_template": #"""
        global: {}
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'http://x/{{ .A }}'}]}]
        """#,
        "wh_upper": #"""
        global: {}
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'HTTPS://x/'}]}]
        """#,
        "wh_userinfo": #"""
        route: {receiver: a}
        receivers: [{name: a, webhook_configs: [{url: 'http://u:p@x:80/y'}]}]
        """#,
        "whole_documentation": #"""
        global:
          smtp_smarthost: 'localhost:25'
          smtp_from: 'alertmanager@example.org'
          smtp_auth_username: 'alertmanager'
          smtp_auth_password: 'password'
        templates:
        - '/etc/alertmanager/template/*.tmpl'
        route:
          group_by: ['alertname', 'cluster', 'service']
          group_wait: 30s
          group_interval: 5m
          repeat_interval: 3h
          receiver: team-X-mails
          routes:
          - matchers:
            - service=~"foo1|foo2|baz"
            receiver: team-X-mails
            routes:
            - matchers:
              - severity="critical"
              receiver: team-X-pager
          - matchers:
            - service="files"
            receiver: team-Y-mails
            routes:
            - matchers:
              - severity="critical"
              receiver: team-Y-pager
          - matchers:
            - service="database"
            receiver: team-DB-pager
            group_by: [alertname, cluster, database]
            routes:
            - matchers:
              - owner="team-X"
              receiver: team-X-pager
              continue: true
            - matchers:
              - owner="team-Y"
              receiver: team-Y-pager
        inhibit_rules:
        - source_matchers: [severity="critical"]
          target_matchers: [severity="warning"]
          equal: [alertname, cluster, service]
        receivers:
        - name: 'team-X-mails'
          email_configs:
          - to: 'team-X+alerts@example.org, team-Y+alerts@example.org'
        - name: 'team-X-pager'
          email_configs:
          - to: 'team-X+alerts-critical@example.org'
          pagerduty_configs:
          - routing_key: <team-X-key>
        - name: 'team-Y-mails'
          email_configs:
          - to: 'team-Y+alerts@example.org'
        - name: 'team-Y-pager'
          pagerduty_configs:
          - routing_key: <team-Y-key>
        - name: 'team-DB-pager'
          pagerduty_configs:
          - routing_key: <team-DB-key>
        """#,
        "whole_kubernetes": #"""
        "global":
          "resolve_timeout": "5m"
          "slack_api_url": "https://hooks.slack.com/services/T0/B0/XXXX"
        "inhibit_rules":
        - "equal":
          - "namespace"
          - "alertname"
          "source_matchers":
          - "severity = critical"
          "target_matchers":
          - "severity =~ warning|info"
        - "equal":
          - "namespace"
          "source_matchers":
          - "alertname = InfoInhibitor"
          "target_matchers":
          - "severity = info"
        "receivers":
        - "name": "Default"
          "slack_configs":
          - "channel": "#monitoring"
            "send_resolved": true
            "title": "[{{ .Status | toUpper }}{{ if eq .Status \"firing\" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .CommonLabels.alertname }}"
            "text": >-
              {{ range .Alerts }}*Alert:* {{ .Annotations.summary }} - `{{ .Labels.severity }}`
              *Details:* {{ range .Labels.SortedPairs }} - *{{ .Name }}:* `{{ .Value }}`
              {{ end }}{{ end }}
        - "name": "Watchdog"
          "webhook_configs":
          - "url": "https://nosnch.in/0123456789"
            "send_resolved": false
        - "name": "Critical"
          "pagerduty_configs":
          - "service_key": "0123"
            "details": {"runbook": "{{ .CommonAnnotations.runbook_url }}"}
        - "name": "null"
        "route":
          "group_by":
          - "namespace"
          "group_interval": "5m"
          "group_wait": "30s"
          "receiver": "Default"
          "repeat_interval": "12h"
          "routes":
          - "matchers":
            - "alertname = Watchdog"
            "receiver": "Watchdog"
          - "matchers":
            - "alertname = InfoInhibitor"
            "receiver": "null"
          - "matchers":
            - "severity = critical"
            "receiver": "Critical"
        """#,
        "whole_hours": #"""
        global:
          http_config:
            proxy_url: http://proxy.example.org:3128
            tls_config: {insecure_skip_verify: true}
            follow_redirects: true
          slack_api_url: https://hooks.slack.com/services/T0/B0/XXXX
          smtp_smarthost: smtp.example.org:465
          smtp_from: Alerts <alerts@example.org>
          smtp_require_tls: false
        time_intervals:
          - name: offhours
            time_intervals:
              - times: [{start_time: "00:00", end_time: "08:00"}, {start_time: "18:00", end_time: "24:00"}]
                weekdays: ['monday:friday']
                location: Europe/Berlin
              - weekdays: [saturday, sunday]
          - name: holidays
            time_intervals:
              - {months: ['december'], days_of_month: ['24:26', '-1']}
              - {months: ['1'], days_of_month: ['1'], years: ['2026:2030']}
        route:
          receiver: mail
          group_by: [...]
          routes:
            - match: {severity: page}
              receiver: pager
              continue: true
            - match_re: {severity: "warning|info", team: ".+"}
              receiver: slack
              mute_time_intervals: [offhours, holidays]
              group_wait: 1m
            - matchers: ['{severity="ticket", team!="infra"}']
              receiver: hook
              active_time_intervals: [offhours]
        receivers:
          - name: mail
            email_configs:
              - to: ops@example.org
                headers: {Subject: '{{ .GroupLabels.alertname }}', Reply-To: noreply@example.org}
                text: '{{ range .Alerts }}{{ .Annotations.description }}{{ end }}'
                send_resolved: true
          - name: pager
            pagerduty_configs:
              - routing_key: key
                severity: '{{ if .CommonLabels.severity }}{{ .CommonLabels.severity | toLower }}{{ else }}critical{{ end }}'
                links: [{href: '{{ .CommonAnnotations.dashboard }}', text: Dashboard}]
          - name: slack
            slack_configs:
              - channel: '#alerts-{{ .CommonLabels.team }}'
                color: '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}'
                fields: [{title: Severity, value: '{{ .CommonLabels.severity }}', short: true}]
                actions: [{type: button, text: Runbook, url: '{{ (index .Alerts 0).Annotations.runbook }}'}]
          - name: hook
            webhook_configs: [{url: 'https://tickets.example.org/alerts', max_alerts: 50, http_config: {authorization: {credentials: token}}}]
        """#,
    ]
}
