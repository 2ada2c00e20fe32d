package gateway

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"rehearse/reports/journal"
)

// meters count what happens, for Prometheus: series by their names with labels. They are
// safe for concurrent use.
type meters struct {
	mu     sync.Mutex
	series map[string]uint64
}

// seriesKept bounds the series; labels come from tables of ours, but policy can name
// exceptions of its own.
const seriesKept = 1000

// add counts one more of a series. Labels are names and values in turns.
func (m *meters) add(name string, labels ...string) {
	var b strings.Builder
	b.WriteString(name)
	for i := 0; i+1 < len(labels); i += 2 {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(labels[i])
		b.WriteByte('=')
		b.WriteString(strconv.Quote(labels[i+1]))
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.series == nil {
		m.series = map[string]uint64{}
	}
	if key := b.String(); len(m.series) < seriesKept || m.series[key] > 0 {
		m.series[key]++
	}
}

// count takes an event of the interceptor's.
func (m *meters) count(body journal.Body) {
	switch e := body.(type) {
	case journal.FlowHandled:
		m.add("rehearse_flows_total", "how", e.How, "protocol", e.Protocol)
	case journal.Detected:
		m.add("rehearse_detections_total", "leg", e.Leg, "protocol", e.Protocol, "end", e.End)
	case journal.HandshakeEnded:
		m.add("rehearse_handshakes_total", "side", e.Side, "version", e.Version, "result", result(e.Err))
	case journal.CertificateEmulated:
		m.add("rehearse_certificates_total", "cached", strconv.FormatBool(e.Cached))
	case journal.ExceptionSent:
		m.add("rehearse_exceptions_total", "id", e.ID)
	case journal.UpstreamOpened:
		m.add("rehearse_origin_connections_total", "result", result(e.Err))
	case journal.HTTPExchanged:
		m.add("rehearse_requests_total", "status", strconv.Itoa(e.Status/100)+"xx")
	case journal.AlertSent:
		m.add("rehearse_alerts_total", "received", strconv.FormatBool(e.Received), "name", e.Name)
	case journal.TraceWritten:
		m.add("rehearse_traces_total")
	}
}

func result(err string) string {
	if err != "" {
		return "failed"
	}
	return "ok"
}

// families are the names of series with their types and what they say.
func families() [][3]string {
	return [][3]string{
		{"rehearse_connections", "gauge", "client connections now"},
		{"rehearse_connections_total", "counter", "client connections that were taken"},
		{"rehearse_connections_silent_total", "counter", "client connections that ended without an access log record, for nothing was asked"},
		{"rehearse_refused_total", "counter", "client connections that were reset, by why"},
		{"rehearse_flows_total", "counter", "flows by what became of them"},
		{"rehearse_detections_total", "counter", "protocol detections"},
		{"rehearse_handshakes_total", "counter", "TLS handshakes; side is the interceptor's own: server towards clients"},
		{"rehearse_certificates_total", "counter", "emulated certificates that were handed out"},
		{"rehearse_certificates_cached", "gauge", "emulated certificates that are kept"},
		{"rehearse_exceptions_total", "counter", "exceptions by id"},
		{"rehearse_origin_connections_total", "counter", "connections to origins"},
		{"rehearse_requests_total", "counter", "HTTP requests that were read, by status"},
		{"rehearse_alerts_total", "counter", "TLS alerts that ended handshakes with clients"},
		{"rehearse_traces_total", "counter", "policy traces"},
		{"rehearse_client_bytes_total", "counter", "bytes of clients' connections that have ended"},
		{"rehearse_log_records_total", "counter", "access log records, by log"},
		{"rehearse_log_records_lost_total", "counter", "access log records that could not be written"},
		{"rehearse_policy_installs_total", "counter", "policies put in force since the first"},
		{"process_resident_memory_bytes", "gauge", "memory"},
		{"process_open_fds", "gauge", "files and sockets"},
		{"go_goroutines", "gauge", "goroutines"},
		{"go_memstats_heap_inuse_bytes", "gauge", "memory of the heap in use"},
	}
}

// writeMetrics writes all series in the text format of Prometheus, version 0.0.4.
func (g *Gateway) writeMetrics(w io.Writer) error {
	g.meters.mu.Lock()
	all := maps.Clone(g.meters.series)
	g.meters.mu.Unlock()
	if all == nil {
		all = map[string]uint64{}
	}
	maps.Copy(all, g.gauges())
	names := slices.Sorted(maps.Keys(all))
	var b bytes.Buffer
	for _, f := range families() {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f[0], f[2], f[0], f[1])
		for _, name := range names {
			if bare, _, _ := strings.Cut(name, "{"); bare == f[0] {
				fmt.Fprintf(&b, "%s %d\n", name, all[name])
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// gauges are the values of now, and counts that are kept elsewhere.
func (g *Gateway) gauges() map[string]uint64 {
	in, out := g.proxy.Carried()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	all := map[string]uint64{
		"rehearse_connections":                              uint64(max(g.admitted.Load(), 0)),
		"rehearse_connections_silent_total":                 uint64(g.proxy.Silent()),
		"rehearse_certificates_cached":                      uint64(g.proxy.Forge().Cached()),
		`rehearse_client_bytes_total{direction="received"}`: uint64(in),
		`rehearse_client_bytes_total{direction="sent"}`:     uint64(out),
		"go_goroutines":                                     uint64(runtime.NumGoroutine()),
		"go_memstats_heap_inuse_bytes":                      mem.HeapInuse,
	}
	if lossy, ok := g.conf.Proxy.AccessLog.(interface{ Lost() uint64 }); ok {
		all["rehearse_log_records_lost_total"] = lossy.Lost()
	}
	if n := residentMemory(); n > 0 {
		all["process_resident_memory_bytes"] = n
	}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		all["process_open_fds"] = uint64(len(entries))
	}
	return all
}

// residentMemory is the process's, 0 where that is not told.
func residentMemory() uint64 {
	text, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(fields[1], 10, 64)
	return pages * uint64(os.Getpagesize())
}
