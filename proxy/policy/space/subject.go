package space

import (
	"net/netip"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/flow"
)

// Kinds of transactions, as classes of the axis "type".
const (
	kindRequest   = "http.proxy"
	kindConnect   = "http.proxy CONNECT"
	kindTCP       = "tcp.tunnel"
	kindIntercept = "ssl.intercept"
	kindSSL       = "ssl.tunnel"
	kindInner     = "https.forward-proxy"
	kindRefresh   = "cache"
	kindForward   = "forwarding"
	kindAdmin     = "admin"
)

func (v *View) kind() *kindField {
	return fieldOf(v.s, "type", func() *kindField {
		f := &kindField{name: "type", of: ofStage}
		for _, k := range []string{kindRequest, kindConnect, kindTCP, kindIntercept, kindSSL, kindInner, kindRefresh, kindForward, kindAdmin} {
			f.list = append(f.list, Class{Text: k})
		}
		return f
	})
}

func (v *View) isKind(kinds ...string) formula {
	return v.kind().is(v.s, func(k string) bool { return contains(kinds, k) })
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

// kindsOf are the kinds of transactions that a scope covers.
func kindsOf(in scope) []string {
	switch in {
	case inHTTP:
		return []string{kindRequest, kindConnect, kindInner, kindRefresh}
	case inResponse:
		return []string{kindRequest, kindInner, kindRefresh}
	case inServerTLS, inClientTLS:
		return []string{kindInner, kindSSL, kindIntercept}
	}
	return nil
}

func (v *View) inScope(in scope) formula {
	switch in {
	case anywhere:
		return truth(true)
	case inException:
		return v.exception().present(v.s)
	}
	return v.isKind(kindsOf(in)...)
}

func (v *View) exception() *textField {
	return fieldOf(v.s, "exception.id", func() *textField {
		return &textField{name: "exception.id", of: ofStage, lacking: true, ordinary: "policy_denied"}
	})
}

// takesPart says for which transactions a type of layer is evaluated.
func (v *View) takesPart(layer string) formula {
	switch layer {
	case "Proxy":
		return v.isKind(kindRequest, kindConnect, kindTCP, kindSSL, kindInner)
	case "SSL":
		return v.isKind(kindSSL, kindInner)
	case "SSL-Intercept":
		return v.isKind(kindIntercept)
	case "Cache":
		return v.isKind(kindRequest, kindConnect, kindInner, kindRefresh)
	case "Forward":
		return v.isKind(kindRequest, kindConnect, kindTCP, kindSSL, kindInner, kindRefresh, kindForward)
	case "Admin":
		return v.isKind(kindAdmin)
	case "Exception":
		return v.exception().present(v.s)
	}
	return truth(true) // not modelled: nothing is known of its transactions
}

// simple makes or finds a text field.
func (v *View) simple(name string, of owner, lacking, unreal bool, ordinary string) *textField {
	return fieldOf(v.s, name, func() *textField {
		return &textField{name: name, of: of, lacking: lacking, unreal: unreal, ordinary: ordinary}
	})
}

// subject finds what a condition is about.
func (v *View) subject(c *cpl.Condition) subject {
	switch {
	case c.Base == "url" || strings.HasPrefix(c.Base, "url."):
		return v.urlSubject(c, "url", strings.TrimPrefix(strings.TrimPrefix(c.Base, "url"), "."))
	case c.Base == "server_url" || strings.HasPrefix(c.Base, "server_url."):
		return v.urlSubject(c, "server_url", strings.TrimPrefix(strings.TrimPrefix(c.Base, "server_url"), "."))
	case strings.HasPrefix(c.Base, "server.certificate."):
		return v.certificateSubject(c)
	}
	if about, ok := v.clientSubject(c); ok {
		return about
	}
	if about, ok := v.tlsSubject(c); ok {
		return about
	}
	if about, ok := v.httpSubject(c); ok {
		return about
	}
	if about, ok := v.userSubject(c); ok {
		return about
	}
	return v.otherSubject(c)
}

func (v *View) addressOf(name string, ordinary netip.Addr, unreal bool) *addressField {
	return fieldOf(v.s, name, func() *addressField {
		return &addressField{name: name, lacking: true, unreal: unreal, ordinary: []netip.Addr{ordinary}}
	})
}

// ordinaryProxy is the appliance's address where policy does not ask.
const ordinaryProxy = "10.1.0.1"

func (v *View) clientSubject(c *cpl.Condition) (subject, bool) {
	switch c.Base {
	case "category":
		return v.urlSubject(c, "url", "category"), true
	case "client.address", "client_address":
		return v.address(anywhere, v.addressOf("client.address", flow.UsualClient(), true)), true
	case "proxy.address":
		return v.address(anywhere, v.addressOf("proxy.address", netip.MustParseAddr(ordinaryProxy), true)), true
	case "proxy.port":
		return v.number(anywhere, v.proxyPort()), true
	case "client.protocol":
		return v.text(c, anywhere, v.protocol(), exact), true
	case "tunneled":
		f := v.tunneled()
		return v.flag(anywhere, f.is(v.s, func(k string) bool { return k != "none" }), f.is(v.s, func(k string) bool { return k == "yes" })), true
	case "service.name", "service.group":
		return v.text(c, anywhere, v.simple(c.Base, ofFlow, true, true, "Another"), exact), true
	case "has_client":
		return v.flag(anywhere, truth(true), v.s.not(v.isKind(kindRefresh, kindForward))), true
	case "socks":
		return v.flag(anywhere, truth(true), v.socks()), true
	case "socks.version":
		if v.s.flows {
			return subject{anywhere, v.socks(), func(cpl.Value) formula { return truth(false) }}, true
		}
	case "ssl.proxy_mode":
		return v.proxyMode(c), true
	}
	return v.timeSubject(c)
}

func (v *View) proxyPort() *numberField {
	return fieldOf(v.s, "proxy.port", func() *numberField {
		return &numberField{name: "proxy.port", low: 0, high: 65535, lacking: true, unreal: true, usual: span{1, 65535}}
	})
}

func (v *View) protocol() *textField { return v.simple("client.protocol", ofStage, true, false, "") }

func (v *View) tunneled() *kindField {
	return fieldOf(v.s, "tunneled", func() *kindField {
		return &kindField{name: "tunneled", of: ofStage, list: []Class{{Text: "yes"}, {Text: "no"}, {Text: "none", lacks: true}}}
	})
}

// socks says that the client speaks SOCKS; no flow here does.
func (v *View) socks() formula {
	if v.s.flows {
		v.s.reasons["clients of SOCKS"] = true
		return truth(false)
	}
	return fieldOf(v.s, "socks", func() *flagField { return &flagField{name: "socks", of: ofStage} }).test(v.s, "yes")
}

// proxyMode follows from the kind of transaction and the protocol.
func (v *View) proxyMode(c *cpl.Condition) subject {
	says := func(p cpl.Value, mode string) bool {
		t, ok := v.textTest(c, exact, p)
		return ok && t.holds(mode)
	}
	inside := v.s.and(v.isKind(kindSSL, kindIntercept), v.protocol().test(v.s, plainTest(exact, "stunnel")))
	return subject{anywhere, truth(true), func(p cpl.Value) formula {
		var list []formula
		if says(p, "https-forward-proxy") {
			list = append(list, v.isKind(kindInner))
		}
		if says(p, "stunnel") {
			list = append(list, inside)
		}
		if says(p, "none") {
			list = append(list, v.s.and(v.s.not(v.isKind(kindInner)), v.s.not(inside)))
		}
		return v.s.or(list...)
	}}
}

func (v *View) timeSubject(c *cpl.Condition) (subject, bool) {
	days, ok := map[string]bool{"date": true, "year": true, "month": true, "day": true, "weekday": true, "hour": false, "minute": false, "time": false}[c.Base]
	if !ok {
		return subject{}, false
	}
	name := "time of day"
	if days {
		name = "day"
	}
	if !v.s.flows && contains(c.Modifiers, "utc") {
		name += " in UTC" // how far it is from the local one nobody knows
	}
	f := fieldOf(v.s, name, func() *calendarField { return &calendarField{name: name, days: days} })
	return subject{anywhere, v.clock(), func(p cpl.Value) formula {
		r, ok := parseSpan(p.Text)
		if !ok {
			return truth(false)
		}
		return f.test(v.s, calendarTest{c.Base, r})
	}}, true
}

// clock says that the time is known.
func (v *View) clock() formula {
	f := fieldOf(v.s, "clock", func() *kindField {
		return &kindField{name: "clock", list: []Class{{Text: "known"}, {Text: "none", Unreal: true, lacks: true}}}
	})
	return f.is(v.s, func(k string) bool { return k == "known" })
}

func (v *View) user() *userField {
	return fieldOf(v.s, "user", func() *userField { return &userField{} })
}

func (v *View) userSubject(c *cpl.Condition) (subject, bool) {
	user := v.user
	switch c.Base {
	case "user":
		return subject{anywhere, user().present(v.s), v.byText(c, exact, func(t textTest) formula { return user().test(v.s, t) })}, true
	case "user_domain", "user.domain":
		return subject{anywhere, user().hasDomain(v.s), v.byText(c, exact, func(t textTest) formula { return user().domain(v.s, t) })}, true
	case "authenticated":
		return v.flag(anywhere, truth(true), user().present(v.s)), true
	case "group":
		f := fieldOf(v.s, "group", func() *textField { return &textField{name: "group", many: true} })
		return subject{anywhere, user().present(v.s), v.byText(c, exact, func(t textTest) formula { return f.test(v.s, t) })}, true
	case "realm":
		f := v.simple("realm", ofFlow, !v.s.flows, false, "elsewhere")
		there := f.present(v.s)
		if v.s.flows {
			there = user().present(v.s)
		}
		return subject{anywhere, there, v.byText(c, exact, func(t textTest) formula { return f.test(v.s, t) })}, true
	}
	return subject{}, false
}

func (v *View) byText(c *cpl.Condition, usual comparison, test func(textTest) formula) func(cpl.Value) formula {
	return func(p cpl.Value) formula {
		t, ok := v.textTest(c, usual, p)
		if !ok {
			return truth(false)
		}
		return test(t)
	}
}

// otherSubject is a condition whose values a transaction has under its name.
func (v *View) otherSubject(c *cpl.Condition) subject {
	name := c.Base
	if c.Arg != "" {
		name += "." + c.Arg
	}
	if c.Base == "exception.id" {
		f := v.exception()
		return subject{inException, f.present(v.s), func(p cpl.Value) formula {
			if rest, ok := strings.CutPrefix(p.Text, "user_defined."); ok {
				p.Text = "user-defined." + rest
			}
			return v.text(c, inException, f, exact).fits(p)
		}}
	}
	if c.Base == "health_check" {
		return v.text(c, anywhere, v.simple("health_check", ofStage, false, false, "no"), exact)
	}
	if policy.Evaluates(c.Base) {
		v.s.reasons["condition "+c.Base+", which is taken for a value of its own"] = true
	}
	there := fieldOf(v.s, "other "+name, func() *kindField {
		return &kindField{name: name, list: []Class{{Text: "given"}, {Text: "none", Unreal: true, lacks: true}}}
	})
	values := fieldOf(v.s, "other value "+name+" "+strings.Join(c.Modifiers, "."), func() *flagField { return &flagField{name: name} })
	return subject{anywhere, there.is(v.s, func(k string) bool { return k == "given" }), func(p cpl.Value) formula {
		return values.test(v.s, p.Text)
	}}
}
