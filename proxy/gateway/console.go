package gateway

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// openConsole opens the port of the status page, where one is wanted. It tells who went
// where, so only this machine may look.
func (g *Gateway) openConsole(ctx context.Context) error {
	at := g.conf.Console
	if !at.IsValid() {
		return nil
	}
	if !at.Addr().IsLoopback() {
		return fmt.Errorf("a status page at %s, which is not a loopback address; want 127.0.0.1 or ::1", at)
	}
	l, err := g.conf.Host.Listen(ctx, at)
	if err != nil {
		return fmt.Errorf("status page: %w", err)
	}
	g.consoleAt = netip.AddrPortFrom(at.Addr(), l.Addr().(*net.TCPAddr).AddrPort().Port())
	g.console = &http.Server{
		Handler:           g.consoleHandler(),
		ReadHeaderTimeout: statusTimeout, ReadTimeout: statusTimeout, WriteTimeout: statusTimeout, IdleTimeout: statusIdle,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go g.console.Serve(&limited{Listener: l, slots: make(chan struct{}, consoleClients)})
	return nil
}

// consoleClients bounds those that look at a time.
const consoleClients = 32

// ConsoleURL is where the status page is, "" where there is none.
func (g *Gateway) ConsoleURL() string {
	if !g.consoleAt.IsValid() {
		return ""
	}
	return "http://" + g.consoleAt.String()
}

// tracePath is where an appliance shows its trace pages (KB 166602).
const tracePath = "/Policy/Trace/"

// consoleHandler serves the status page, metrics and trace pages, to nobody who came by
// a name that only leads here.
func (g *Gateway) consoleHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", g.serveStatusPage)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		g.writeMetrics(w)
	})
	mux.HandleFunc("GET "+tracePath+"{name...}", g.serveTrace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !here(r.Host) {
			http.Error(w, "ask for this page by its address", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// here says whether a Host header is a loopback address or localhost.
func here(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback() || strings.EqualFold(host, "localhost")
}

// serveTrace shows a trace page, or with no name the list of them.
func (g *Gateway) serveTrace(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, n := range g.traces.names() {
			fmt.Fprintln(w, n)
		}
		return
	}
	text, ok := g.traces.page(name)
	if !ok {
		http.Error(w, fmt.Sprintf("no trace page %q; policy writes one with trace.request(yes) and trace.destination(%q)", name, name), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, text)
}

// serveStatusPage shows what the gateway is and does.
func (g *Gateway) serveStatusPage(w http.ResponseWriter, _ *http.Request) {
	var metrics strings.Builder
	g.writeMetrics(&metrics)
	var counts [][2]string
	for line := range strings.Lines(metrics.String()) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			counts = append(counts, [2]string{name, value})
		}
	}
	installed := *g.installed.Load()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	statusPage().Execute(w, map[string]any{
		"Release": g.conf.Proxy.Release.String(), "Since": stamp(g.began), "Up": time.Since(g.began).Round(time.Second),
		"Policy": stamp(installed.at), "Rules": installed.rules,
		"Listening": g.Listening(), "Revocation": g.base, "Connections": g.Connections(), "Limit": g.conf.MaxConnections,
		"Counts": counts, "Traces": g.traces.names(), "TracePath": tracePath,
	})
}

func stamp(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }

func statusPage() *template.Template {
	return template.Must(template.New("status").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>rehearse proxy</title>
<style>body{font:15px/1.4 sans-serif;margin:2em}td,th{padding:0 1em 0 0;text-align:left}td:last-child{font-variant-numeric:tabular-nums}</style></head>
<body><h1>rehearse proxy</h1>
<table>
<tr><th>Release<td>{{.Release}}
<tr><th>Running since<td>{{.Since}} ({{.Up}})
<tr><th>Policy in force since<td>{{.Policy}}, {{.Rules}} rules
<tr><th>Connections<td>{{.Connections}} of {{.Limit}}
{{range .Listening}}<tr><th>Service<td>{{.}}
{{end}}{{with .Revocation}}<tr><th>CRLs and OCSP answers<td>{{.}}
{{end}}</table>
<h2>Policy traces</h2>
{{range .Traces}}<p><a href="{{$.TracePath}}{{.}}">{{.}}</a>
{{else}}<p>None yet; a rule with trace.request(yes) writes them.
{{end}}<h2><a href="/metrics">Metrics</a></h2>
<table>
{{range .Counts}}<tr><td>{{index . 0}}<td>{{index . 1}}
{{end}}</table>
</body></html>
`))
}
