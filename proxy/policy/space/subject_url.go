package space

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// urlPrefix is the family's name in fields: the interceptor sends on the URL that
// it was asked for, so that in flows both families are about one.
func (v *View) family(family string) string {
	if v.s.flows {
		return "url"
	}
	return family
}

func (v *View) host(family string) *hostField {
	name := v.family(family) + ".host"
	return fieldOf(v.s, name, func() *hostField { return &hostField{name: name, of: ofHost} })
}

func (v *View) port(family string) *numberField {
	name := v.family(family) + ".port"
	return fieldOf(v.s, name, func() *numberField {
		return &numberField{name: name, low: 0, high: 65535, lacking: !v.s.flows, usual: span{1, 65535}, ordinary: []uint64{443, 80, 8443}}
	})
}

func (v *View) scheme(family string) *textField {
	return v.simple(v.family(family)+".scheme", ofStage, true, false, "http")
}

func (v *View) path(family string) *textField {
	return v.simple(v.family(family)+".path", ofPath, false, false, "/")
}

func (v *View) query(family string) *textField {
	return v.simple(v.family(family)+".query", ofPath, true, false, "q=1")
}

// urlPattern says where a URL fits a pattern.
func (v *View) urlPattern(family string, p policy.URLPattern, sensitive bool) formula {
	s, host := v.s, v.host(family)
	parts := []formula{host.present(s)}
	switch {
	case p.Host != "" && p.Whole:
		parts = append(parts, host.test(s, plainTest(exact, p.Host)))
	case p.Host != "":
		parts = append(parts, host.test(s, plainTest(domain, p.Host)))
	}
	if p.Scheme != "" {
		parts = append(parts, v.scheme(family).test(s, plainTest(exact, p.Scheme)))
	}
	if p.Port != 0 {
		parts = append(parts, v.port(family).test(s, span{uint64(p.Port), uint64(p.Port)}))
	}
	if p.Path != "" {
		how := prefix
		if p.Queried {
			how = exact
			q, _ := newTextTest(prefix, p.Query, sensitive)
			if p.Query != "" {
				parts = append(parts, v.query(family).test(s, q))
			}
		}
		t, _ := newTextTest(how, p.Path, sensitive)
		parts = append(parts, v.path(family).test(s, t))
	}
	return s.and(parts...)
}

// urlSubject is what a condition of one of the URL families is about; part is its
// name behind the family's.
func (v *View) urlSubject(c *cpl.Condition, family, part string) subject {
	s, host := v.s, v.host(family)
	about := subject{anywhere, host.present(s), nil}
	switch part {
	case "":
		about.fits = v.wholeURL(c, family)
	case "domain":
		_, sensitive := v.comparison(c, exact)
		about.fits = func(p cpl.Value) formula {
			return v.urlPattern(family, policy.ParseURLPattern(p.Text, false), sensitive)
		}
	case "host":
		about.fits = v.byText(c, exact, func(t textTest) formula { return host.test(s, t) })
	case "host.is_numeric":
		return v.flag(anywhere, about.there, host.isAddress(s))
	case "address":
		return v.hostAddress(host)
	case "port":
		n := v.number(anywhere, v.port(family))
		about.there, about.fits = s.and(about.there, n.there), n.fits
	case "scheme":
		t := v.text(c, anywhere, v.scheme(family), exact)
		about.there, about.fits = s.and(about.there, t.there), t.fits
	case "path":
		about.fits = v.pathFits(c, family)
	case "query":
		about.fits = v.byText(c, regex, func(t textTest) formula { return s.and(v.query(family).present(s), v.query(family).test(s, t)) })
	case "extension":
		f := v.simple(v.family(family)+".extension", ofPath, false, false, "")
		about.fits = func(p cpl.Value) formula {
			p.Text = strings.TrimPrefix(p.Text, ".")
			return v.text(c, anywhere, f, exact).fits(p)
		}
	case "category":
		about.fits = v.categoryFits(family, func(p policy.URLPattern) formula { return v.urlPattern(family, p, false) }, v.labels(family))
	default:
		return v.otherSubject(c)
	}
	return about
}

// wholeURL is url=: a pattern with a whole host, or with a modifier a test of the
// URL's text.
func (v *View) wholeURL(c *cpl.Condition, family string) func(cpl.Value) formula {
	how, sensitive := v.comparison(c, exact)
	if len(c.Modifiers) == 0 || len(c.Modifiers) == 1 && sensitive {
		return func(p cpl.Value) formula {
			return v.urlPattern(family, policy.ParseURLPattern(p.Text, true), sensitive)
		}
	}
	if how == exact && !contains(c.Modifiers, "exact") {
		how = prefix
	}
	f := v.simple(v.family(family), ofURLText, false, false, "")
	return v.byText(c, how, func(t textTest) formula {
		v.s.reasons["tests of the text of whole URLs"] = true
		v.hint(family, t)
		return f.test(v.s, t)
	})
}

// hint has flows try hosts and paths that an expression on a text with both may
// be about.
func (v *View) hint(family string, t textTest) {
	if !v.s.flows {
		return
	}
	text := t.example()
	if _, rest, ok := strings.Cut(text, "://"); ok {
		text = rest
	}
	host, path, slash := strings.Cut(text, "/")
	host, _, _ = strings.Cut(host, ":")
	if hostlike(strings.Trim(host, ".")) {
		v.host(family).test(v.s, plainTest(substring, host))
	}
	if slash {
		path = "/" + path
	} else if host != "" {
		path = host
	}
	if path != "" && path != "/" {
		v.path(family).test(v.s, plainTest(substring, path))
	}
}

// pathFits is url.path=, which sees the query too.
func (v *View) pathFits(c *cpl.Condition, family string) func(cpl.Value) formula {
	s, path, query := v.s, v.path(family), v.query(family)
	return v.byText(c, prefix, func(t textTest) formula {
		before, after, split := strings.Cut(t.text, "?")
		on := func(how comparison, text string) textTest {
			n, _ := newTextTest(how, text, t.sensitive)
			return n
		}
		noQuery := s.not(query.present(s))
		switch {
		case t.how == regex:
			v.s.reasons["expressions on paths with queries"] = true
			v.hint(family, t)
			return v.simple(v.family(family)+".path?query", ofURLText, false, false, "").test(s, t)
		case t.how == prefix && split:
			return s.and(path.test(s, on(exact, before)), query.present(s), query.test(s, on(prefix, after)))
		case t.how == prefix:
			return path.test(s, t)
		case t.how == exact && split:
			return s.and(path.test(s, on(exact, before)), query.present(s), query.test(s, on(exact, after)))
		case t.how == exact:
			return s.and(path.test(s, t), noQuery)
		case t.how == suffix && split:
			return s.and(path.test(s, on(suffix, before)), query.present(s), query.test(s, on(exact, after)))
		case t.how == suffix:
			return s.or(s.and(noQuery, path.test(s, t)), s.and(query.present(s), query.test(s, t)))
		case split:
			return s.and(path.test(s, on(suffix, before)), query.present(s), query.test(s, on(prefix, after)))
		}
		return s.or(path.test(s, t), s.and(query.present(s), query.test(s, t)))
	})
}

// hostAddress is url.address=: the host itself where it is an address, else what
// it resolves to, unless restrict dns keeps it from being looked up.
func (v *View) hostAddress(host *hostField) subject {
	s := v.s
	resolved := v.resolved()
	asked := s.and(host.isName(s), s.not(v.restricted()))
	there := s.or(host.isAddress(s), s.and(asked, resolved.present(s)))
	return subject{anywhere, there, func(p cpl.Value) formula {
		return v.inRanges(p, func(r stretch) formula { return s.or(host.address(s, r), s.and(asked, resolved.test(s, r))) })
	}}
}

// resolved is what the host's name resolves to.
func (v *View) resolved() *addressField {
	return fieldOf(v.s, "url.address", func() *addressField {
		return &addressField{name: "url.address", of: ofAddress, lacking: true, ordinary: []netip.Addr{netip.MustParseAddr("203.0.113.10")}}
	})
}

// restricted says which hosts restrict dns keeps from being looked up.
func (v *View) restricted() formula {
	var listed, excepted []formula
	for _, r := range v.defs.restricts {
		if r.Type != "dns" {
			continue
		}
		for _, p := range r.List {
			if strings.EqualFold(p.Text, "all") {
				listed = append(listed, truth(true))
			}
			listed = append(listed, v.urlPattern("url", policy.ParseURLPattern(p.Text, false), false))
		}
		for _, p := range r.Except {
			excepted = append(excepted, v.urlPattern("url", policy.ParseURLPattern(p.Text, false), false))
		}
	}
	if listed == nil {
		return truth(false)
	}
	return v.s.and(v.s.or(listed...), v.s.not(v.s.or(excepted...)))
}

// labels are the categories of a URL's host beside those that policy defines.
func (v *View) labels(family string) *textField {
	name := "category"
	if v.family(family) != "url" {
		name += " of " + family
	}
	return fieldOf(v.s, name, func() *textField {
		return &textField{name: name, of: ofLabels, many: true, lacking: true, ordinary: "Other"}
	})
}

// categoryFits is category=, by what its definitions hold and by labels.
func (v *View) categoryFits(of string, entry func(policy.URLPattern) formula, labels *textField) func(cpl.Value) formula {
	whole := func(key string) formula {
		if f, ok := v.categories[[2]string{of, key}]; ok && v.s.frozen {
			return f
		}
		f := v.category(key, entry, labels, nil)
		v.categories[[2]string{of, key}] = f
		return f
	}
	return func(p cpl.Value) formula {
		f := whole(strings.ToLower(p.Text))
		if !strings.EqualFold(p.Text, "none") {
			return f
		}
		within := []formula{labels.present(v.s)}
		for _, key := range v.defs.order {
			within = append(within, whole(key))
		}
		return v.s.or(f, v.s.not(v.s.or(within...)))
	}
}

// category says what is in a category: by a label, by its own entries, or by a
// category among them. inside are those that it is asked for.
func (v *View) category(key string, entry func(policy.URLPattern) formula, labels *textField, inside []string) formula {
	list := []formula{v.label(key, labels)}
	def := v.defs.categories[key]
	if def == nil || slices.Contains(inside, key) {
		return v.s.or(list...)
	}
	inside = append(slices.Clone(inside), key)
	for _, e := range def.entries {
		pattern := policy.ParseURLPattern(strings.TrimPrefix(e.text, "*."), false)
		whole := func() formula { return entry(pattern) }
		own := formula(nil)
		if plainHost(pattern) && !v.watch[place(e.at)] {
			own = v.s.among(v.listKey("category", key), whole)
		} else {
			own = whole()
		}
		if !strings.ContainsAny(e.text, "./:") {
			own = v.s.or(own, v.category(strings.ToLower(e.text), entry, labels, inside))
		}
		v.mark(e.at, own)
		list = append(list, own)
	}
	return v.s.or(list...)
}

// plainHost says whether a pattern is a host with all below it, and no more.
func plainHost(p policy.URLPattern) bool {
	return p.Host != "" && !p.Whole && p.Scheme == "" && p.Port == 0 && p.Path == ""
}

// listKey tells lists of all policies apart.
func (v *View) listKey(kind, name string) string {
	return kind + " " + name + " " + strconv.Itoa(slices.Index(v.s.views, v))
}

// label is a category by its name, or by its name with a provider.
func (v *View) label(key string, labels *textField) formula {
	list := []formula{labels.test(v.s, plainTest(exact, key))}
	if v.s.flows {
		for _, t := range slices.Clone(labels.tests) {
			if strings.HasPrefix(t.text, key+"@") {
				list = append(list, labels.test(v.s, t))
			}
		}
	} else {
		list = append(list, labels.test(v.s, plainTest(prefix, key+"@")))
	}
	return v.s.or(list...)
}
