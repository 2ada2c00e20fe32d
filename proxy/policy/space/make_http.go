package space

import (
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// request is the first request and its response.
func (m *maker) request() {
	f := m.f
	if f.Method = m.text("http.method", "GET"); strings.EqualFold(f.Method, http.MethodConnect) {
		method, _ := m.texts("http.method")
		m.refuse("", true, method.axes()...) // a flow has one CONNECT at most
	}
	m.path()
	f.Query = ""
	if q, ok := m.texts("url.query"); ok && q.main >= 0 && q.values[m.a[q.main]].kind != noText {
		f.Query = m.text("url.query", "q=1")
		if f.Query == "" {
			m.refuse("", true, q.axes()...)
		}
	}
	f.Header, f.ResponseHeader = http.Header{}, http.Header{}
	for _, name := range m.x.s.names {
		if field, ok := m.x.s.fields[name].(*textField); ok {
			if h, ok := strings.CutPrefix(name, "request.header."); ok {
				m.header(f.Header, h, name, field)
			}
			if h, ok := strings.CutPrefix(name, "response.header."); ok {
				m.header(f.ResponseHeader, h, name, field)
			}
		}
	}
	if status, ok := m.x.s.fields["http.response.code"].(*numberField); ok {
		n, _ := status.value(m.a)
		f.Status = int(n)
	}
}

// path is a path with the extension that is asked for.
func (m *maker) path() {
	p, _ := m.texts("url.path")
	ext, _ := m.texts("url.extension")
	path := m.text("url.path", "/")
	if !strings.HasPrefix(path, "/") {
		for _, try := range []string{"/" + path, "/x" + path, "/x-" + path} {
			if p.meets(m.a, try) {
				path = try
				break
			}
		}
	}
	axes := p.axes()
	if ext != nil {
		axes = append(axes, ext.axes()...)
		want, _ := ext.value(m.a)
		if !ext.meets(m.a, extensionOf(path)) {
			for _, try := range []string{path + "." + want, strings.TrimSuffix(path, "/") + "/file." + want, path + "x." + want, strings.TrimSuffix(path, "."+extensionOf(path)) + "." + want} {
				if p.meets(m.a, try) && ext.meets(m.a, extensionOf(try)) {
					path = try
					break
				}
			}
		}
		if !ext.meets(m.a, extensionOf(path)) {
			pinned := p.main >= 0 && p.values[m.a[p.main]].kind == exactText
			m.refuse("paths that nothing was found for", pinned, axes...)
		}
	}
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " ?#") {
		m.refuse("", true, axes...) // no path begins otherwise, nor holds these
	}
	m.f.Path = path
}

func extensionOf(path string) string {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[i+1:]
	}
	return ""
}

// header makes the lines of one header.
func (m *maker) header(h http.Header, name, field string, f *textField) {
	s := m.x.s
	lines, there := f.list(m.a)
	axes := f.axes()
	if !there {
		return
	}
	count := 0
	if n, ok := s.fields[field+".count"].(*numberField); ok {
		wanted, _ := n.value(m.a)
		count, axes = int(min(wanted, 100)), append(axes, n.main)
	}
	var flags []*flagField
	for _, what := range []string{".as_number", ".address"} {
		if v, ok := s.fields[field+what].(*flagField); ok {
			flags, axes = append(flags, v), append(axes, v.axes...)
			for _, within := range v.chosen(m.a) {
				lines = append(lines, valueIn(what, within))
			}
		}
	}
	if len(lines) > 1 && lines[0] == f.ordinary {
		lines = lines[1:]
	}
	for count > 0 && len(lines) < count {
		lines = append(lines, f.ordinary)
	}
	if length, ok := s.fields[field+".length"].(*numberField); ok {
		n, _ := length.value(m.a)
		axes = append(axes, length.main)
		if joined := strings.Join(lines, ","); !length.has(m.a, uint64(len(joined))) && len(lines) == 1 && uint64(len(joined)) < n && n < 1<<16 {
			lines[0] += strings.Repeat("x", int(n)-len(joined))
		}
		if !length.has(m.a, uint64(len(strings.Join(lines, ",")))) {
			m.refuse("headers that no length was found for", false, axes...)
		}
	}
	if count > 0 && len(lines) != count || !f.listMeets(m.a, lines) || !flagsMeet(m.a, flags, lines) {
		m.refuse("headers that nothing was found for: "+name, false, axes...)
	}
	h[http.CanonicalHeaderKey(name)] = lines
}

func valueIn(what, text string) string {
	if what == ".address" {
		return addressIn(text).String()
	}
	r, _ := parseSpan(text)
	return strconv.FormatUint(r.low, 10)
}

// flagsMeet says whether the numbers and addresses among lines pass just what
// they are to pass.
func flagsMeet(a assignment, flags []*flagField, lines []string) bool {
	for _, f := range flags {
		for i, t := range f.tests {
			chosen := a[f.axes[i]] == 1
			for j, o := range f.tests {
				chosen = chosen || a[f.axes[j]] == 1 && f.implies(o, t)
			}
			if slices.ContainsFunc(lines, func(line string) bool { return flagPasses(f, t, line) }) != chosen {
				return false
			}
		}
	}
	return true
}

func flagPasses(f *flagField, test, line string) bool {
	if strings.HasSuffix(f.name, ".address") {
		a, err := netip.ParseAddr(strings.TrimSpace(line))
		return err == nil && f.implies(a.Unmap().String(), test)
	}
	n, err := strconv.ParseUint(strings.TrimSpace(line), 10, 64)
	r, ok := parseSpan(test)
	return err == nil && ok && r.has(n)
}
