package space

import (
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/flow"
)

func (v *View) httpSubject(c *cpl.Condition) (subject, bool) {
	switch c.Base {
	case "http.method", "method":
		return v.methodSubject(c), true
	case "http.connect":
		odd := fieldOf(v.s, "http.connect elsewhere", func() *flagField { return &flagField{name: "http.connect", of: ofStage} })
		yes := v.isKind(kindConnect)
		if !v.s.flows {
			yes = v.s.or(yes, v.s.and(v.isKind(kindInner, kindRefresh), odd.test(v.s, "yes")))
		}
		return v.flag(inHTTP, truth(true), yes), true
	case "http.response.code":
		f := fieldOf(v.s, c.Base, func() *numberField {
			return &numberField{name: c.Base, low: 1, high: math.MaxInt64, lacking: true, unreal: true, usual: span{200, 599}, ordinary: []uint64{200, 302, 404, 503}}
		})
		return v.number(inResponse, f), true
	case "request.header", "request.x_header":
		return v.header(c, inHTTP, "request.header."), true
	case "response.header", "response.x_header":
		return v.header(c, inResponse, "response.header."), true
	}
	return subject{}, false
}

// methodSubject is http.method=; a CONNECT's is CONNECT.
func (v *View) methodSubject(c *cpl.Condition) subject {
	f := v.simple("http.method", ofFlow, true, true, "GET")
	f.others = []string{"POST", "HEAD", "PUT", "OPTIONS", "DELETE", "PROPFIND"}
	s, connect := v.s, v.isKind(kindConnect)
	there := s.or(connect, f.present(s))
	return subject{inHTTP, there, v.byText(c, exact, func(t textTest) formula {
		own := s.and(s.not(connect), f.test(s, t))
		if t.holds("CONNECT") {
			return s.or(connect, own)
		}
		return own
	})}
}

// header is a header's lines: whether there are any, and what they hold.
func (v *View) header(c *cpl.Condition, in scope, family string) subject {
	s, name := v.s, family+http.CanonicalHeaderKey(c.Arg)
	lines := fieldOf(s, name, func() *textField {
		return &textField{name: name, many: true, lacking: true, ordinary: "rehearsed"}
	})
	numbers := func(what string, low uint64) *numberField {
		return fieldOf(s, name+"."+what, func() *numberField {
			return &numberField{name: name + "." + what, low: low, high: math.MaxUint64}
		})
	}
	there, absent := lines.present(s), s.not(lines.present(s))
	counted := func(what string, low uint64) func(cpl.Value) formula {
		return func(p cpl.Value) formula {
			r, ok := parseSpan(p.Text)
			if !ok {
				return truth(false)
			}
			own := s.and(there, numbers(what, low).test(s, r))
			if r.has(0) {
				return s.or(absent, own)
			}
			return own
		}
	}
	about := subject{in, truth(true), nil}
	for _, m := range c.Modifiers {
		switch m {
		case "exists":
			return v.flag(in, truth(true), there)
		case "count":
			about.fits = counted("count", 1)
			return about
		case "length":
			about.fits = counted("length", 0)
			return about
		case "as_number":
			about.fits = v.flagged(there, name+".as_number", withinSpan)
			return about
		case "address":
			about.fits = v.headerAddress(there, name+".address")
			return about
		}
	}
	about.fits = v.byText(c, regex, func(t textTest) formula { return s.and(there, lines.test(s, t)) })
	return about
}

// flagged is a list of values with tests by their words.
func (v *View) flagged(there formula, name string, implies func(a, b string) bool) func(cpl.Value) formula {
	f := fieldOf(v.s, name, func() *flagField { return &flagField{name: name, implies: implies} })
	return func(p cpl.Value) formula { return v.s.and(there, f.test(v.s, p.Text)) }
}

// withinSpan says whether one range of numbers lies in another.
func withinSpan(a, b string) bool {
	x, ok1 := parseSpan(a)
	y, ok2 := parseSpan(b)
	return ok1 && ok2 && x.low <= x.high && y.low <= y.high && y.low <= x.low && x.high <= y.high
}

// headerAddress tests the addresses in a header, range by range.
func (v *View) headerAddress(there formula, name string) func(cpl.Value) formula {
	f := fieldOf(v.s, name, func() *flagField {
		return &flagField{name: name, implies: func(a, b string) bool {
			x, err1 := cpl.ParseAddresses(a)
			y, err2 := cpl.ParseAddresses(b)
			return err1 == nil && err2 == nil && y.Has(x.First) && y.Has(x.Last)
		}}
	})
	return func(p cpl.Value) formula {
		return v.s.and(there, v.inRanges(p, func(r stretch) formula { return f.test(v.s, r.First.String()+"-"+r.Last.String()) }))
	}
}

// tlsSubject is what was agreed on with client and origin.
func (v *View) tlsSubject(c *cpl.Condition) (subject, bool) {
	side, in, of := "client", inClientTLS, ofClient
	rest, ok := strings.CutPrefix(c.Base, "client.connection.")
	if !ok {
		if rest, ok = strings.CutPrefix(c.Base, "server.connection."); !ok {
			return subject{}, false
		}
		side, in, of = "server", inServerTLS, ofServer
	}
	switch rest {
	case "negotiated_ssl_version":
		return v.text(c, in, v.simple(c.Base, of, true, true, "TLSV1.2"), exact), true
	case "negotiated_cipher":
		return v.text(c, in, v.simple(c.Base, of, true, true, ordinaryCipher), exact), true
	case "negotiated_cipher.strength":
		cipher := v.simple(side+".connection.negotiated_cipher", of, true, true, ordinaryCipher)
		return subject{in, cipher.present(v.s), v.text(c, in, v.simple(c.Base, of, v.s.flows, true, "high"), exact).fits}, true
	case "ssl_server_name":
		return v.serverName(c), true
	}
	return subject{}, false
}

const ordinaryCipher = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"

// serverName is the SNI; a flow's is its host, where it has one.
func (v *View) serverName(c *cpl.Condition) subject {
	if !v.s.flows {
		return v.text(c, inClientTLS, v.simple(c.Base, ofFlow, true, false, "www.example"), exact)
	}
	s, host := v.s, v.host("url")
	there := s.and(v.sni().is(s, func(k string) bool { return k == "sent" }), s.repeated(host.isName(s), ofFlow))
	return subject{inClientTLS, there, v.byText(c, exact, func(t textTest) formula { return s.repeated(host.test(s, t), ofFlow) })}
}

// sni says whether the hello names the host.
func (v *View) sni() *kindField {
	return fieldOf(v.s, "SNI", func() *kindField {
		return &kindField{name: "SNI", list: []Class{{Text: "sent"}, {Text: "none"}}}
	})
}

// fault is what is wrong with the origin's certificate, in flows. Where policy
// says nothing of how it is judged, one fault stands for all.
func (v *View) fault() *kindField {
	return fieldOf(v.s, "certificate", func() *kindField {
		list := []Class{{Text: string(flow.Sound)}, {Text: string(flow.Expired)}}
		if slices.ContainsFunc(v.s.views, (*View).setsValidation) {
			list = append(list, Class{Text: string(flow.WrongName)}, Class{Text: string(flow.Untrusted)}, Class{Text: string(flow.Revoked)})
		}
		return &kindField{name: "the origin's certificate is", list: list}
	})
}

func (v *View) certificateSubject(c *cpl.Condition) subject {
	s := v.s
	there := v.certified()
	switch c.Base {
	case "server.certificate.hostname":
		return subject{inServerTLS, there, v.certificateName(c)}
	case "server.certificate.hostname.category":
		return subject{inServerTLS, there, v.certificateCategory()}
	case "server.certificate.common_name":
		f := v.simple(c.Base, ofServer, true, v.s.flows, "Origin")
		return subject{inServerTLS, s.and(there, f.present(s)), v.text(c, inServerTLS, f, exact).fits}
	case "server.certificate.subject", "server.certificate.subject.dn":
		f := v.simple("server.certificate.subject", ofServer, v.s.flows, true, "")
		return subject{inServerTLS, there, v.text(c, inServerTLS, f, exact).fits}
	}
	return v.otherSubject(c)
}

// certified says that the origin's certificate is known.
func (v *View) certified() formula {
	f := fieldOf(v.s, "certificate known", func() *kindField {
		return &kindField{name: "certificate", of: ofServer, list: []Class{{Text: "known"}, {Text: "none", Unreal: true, lacks: true}}}
	})
	return f.is(v.s, func(k string) bool { return k == "known" })
}

// certificateName tests the names in the certificate, which in flows are the
// host's and those that tests ask for.
func (v *View) certificateName(c *cpl.Condition) func(cpl.Value) formula {
	s := v.s
	names := fieldOf(s, "server.certificate.hostname", func() *textField {
		return &textField{name: "server.certificate.hostname", of: ofServer, many: true}
	})
	test := func(t textTest) formula {
		own := names.test(s, t)
		if !s.flows {
			return own
		}
		right := v.fault().is(s, func(k string) bool { return k != string(flow.WrongName) })
		return s.or(own, s.and(right, s.repeated(v.host("url").test(s, t), ofServer)))
	}
	if len(c.Modifiers) > 0 {
		return v.byText(c, exact, test)
	}
	return func(p cpl.Value) formula {
		d := policy.ParseURLPattern(p.Text, false).Host
		if d == "" {
			return truth(false)
		}
		return test(plainTest(domain, d))
	}
}

// certificateCategory is where the first name of the certificate belongs.
func (v *View) certificateCategory() func(cpl.Value) formula {
	s := v.s
	if !s.flows {
		host := fieldOf(s, "certificate host", func() *hostField { return &hostField{name: "certificate host", of: ofServer} })
		return v.categoryFits("certificate", v.hostEntry(host), v.labels("certificate"))
	}
	host := v.host("url")
	right := v.fault().is(s, func(k string) bool { return k != string(flow.WrongName) })
	return func(p cpl.Value) formula {
		own := v.categoryFits("repeated", func(p policy.URLPattern) formula { return s.repeated(v.hostEntry(host)(p), ofServer) }, v.labels("url"))(p)
		if strings.EqualFold(p.Text, "none") {
			return s.or(own, s.not(right))
		}
		return s.and(right, own)
	}
}

// hostEntry fits a category's entry to a host alone.
func (v *View) hostEntry(host *hostField) func(policy.URLPattern) formula {
	return func(p policy.URLPattern) formula {
		switch {
		case p.Scheme != "" || p.Port != 0 || p.Path != "":
			return truth(false)
		case p.Host == "":
			return host.present(v.s)
		}
		return host.test(v.s, plainTest(domain, p.Host))
	}
}

// addressIn is an address of a range written FIRST-LAST.
func addressIn(text string) netip.Addr {
	r, err := cpl.ParseAddresses(text)
	if err != nil {
		return netip.Addr{}
	}
	return inside(stretch(r), nil)
}
