package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rehearse/proxy"
	"rehearse/proxy/accesslog"
	"rehearse/proxy/gateway"
)

// soakVariable is for how long TestSoak works: REHEARSE_SOAK=1h go test -run Soak
// -timeout 0 -v ./proxy/gateway
const soakVariable = "REHEARSE_SOAK"

// The soak's names: origins in TLS and in clear, one that is not decrypted, one that
// resets in the middle of an answer, one that says nothing.
const (
	soakSecure, soakPlain, soakBypassed = "site.test", "plain.test", "bypassed.test"
	soakReset, soakSilent               = "reset.test", "silent.test"
)

// TestSoak has a gateway in a process of its own serve mixed load and faults for as long
// as is asked for. Then memory has to be flat, no goroutine and no descriptor left over,
// and the access log's lines add up to the connections and requests made.
func TestSoak(t *testing.T) {
	d, err := time.ParseDuration(os.Getenv(soakVariable))
	if err != nil {
		t.Skip("no soak: " + soakVariable + " has no duration")
	}
	s := newSoak(t)
	before := s.metrics()
	resident := s.work(time.Now().Add(d))
	after := s.settled(before)
	t.Logf("%d good requests, %d other connections, %d faults of ours", s.good.Load(), s.others.Load(), s.broken.Load())
	t.Logf("resident MB in tenths of the time: %.1f", resident)
	for _, name := range []string{"rehearse_connections_total", "rehearse_connections_silent_total", "go_goroutines", "process_open_fds", "rehearse_log_records_lost_total"} {
		t.Logf("%s: %.0f, then %.0f", name, before[name], after[name])
	}
	s.judge(before, after, resident)
}

// soak is the gateway's process and what is counted beside it.
type soak struct {
	*testing.T
	at, console, log     string
	roots                *x509.CertPool
	good, others, broken atomic.Int64
	fresh                atomic.Int64
}

func newSoak(t *testing.T) *soak {
	dir := t.TempDir()
	o, reset, silent := newOrigin("127.0.0.1"), resetting(), saysNothing()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, dir, o.at.String(), o.plain.String(), reset, silent)
	cmd.Env = append(os.Environ(), roleVariable+"=soak")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) != 2 {
		t.Fatalf("the gateway said %q: %v", line, err)
	}
	root, err := os.ReadFile(filepath.Join(dir, "ca", "root.pem"))
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{T: t, at: words[0], console: words[1], log: filepath.Join(dir, "access.log"), roots: x509.NewCertPool()}
	s.roots.AppendCertsFromPEM(root)
	s.roots.AddCert(o.root.Root())
	return s
}

// listening serves connections at a loopback port until the process ends.
func listening(serve func(net.Conn)) string {
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// resetting promises much, sends little and resets.
func resetting() string {
	return listening(func(c net.Conn) {
		http.ReadRequest(bufio.NewReader(c))
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nlittle")
		c.(*net.TCPConn).SetLinger(0)
	})
}

func saysNothing() string { return listening(func(c net.Conn) { io.Copy(io.Discard, c) }) }

// playSoak is the gateway of a soak: its folder and the origins' addresses. One of its
// access logs is on a full disk, and its policy is installed anew all the time.
func playSoak(ctx context.Context, dir string, origins []string) error {
	authority, _, err := gateway.OpenAuthority(filepath.Join(dir, "ca"), time.Now)
	if err != nil {
		return err
	}
	format := must(accesslog.FormatNamed("bcreportermain_v1", 6))
	full := filepath.Join(dir, "full.log")
	logs, err := accesslog.Open([]accesslog.Target{
		{Path: filepath.Join(dir, "access.log"), Format: format, Logs: []string{"main"}}, {Path: full, Format: format, Logs: []string{"main"}},
	}, func(string) accesslog.Header { return accesslog.Header{} }, 1, func(err error) { fmt.Fprintln(os.Stderr, err) })
	if err != nil {
		return err
	}
	defer logs.Close()
	if _, err := os.Stat("/dev/full"); err == nil {
		os.Remove(full)
		os.Symlink("/dev/full", full)
		logs.Reopen() // says that it is full
	}
	const program = intercept + "<SSL-Intercept>\n url.host=" + soakBypassed + " ssl.forward_proxy(no)\n<SSL>\n server.certificate.validate(no)\n"
	r := &running{origin: &origin{root: authority}, authority: authority}
	conf := r.config(program)
	newest(&conf)
	conf.Listen = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}
	conf.Console, conf.MaxConnections, conf.Proxy.AccessLog = conf.Listen[0], 2000, logs
	conf.Proxy.Limits = proxy.Limits{Idle: 15 * time.Second}
	conf.Host.Hosts = map[string]netip.AddrPort{}
	for i, names := range [][]string{{soakSecure, soakBypassed}, {soakPlain}, {soakReset}, {soakSilent}} {
		for _, name := range names {
			conf.Host.Hosts[name] = netip.MustParseAddrPort(origins[i])
		}
	}
	g, err := gateway.Open(ctx, conf)
	if err != nil {
		return err
	}
	go func() {
		for tick := time.NewTicker(3 * time.Second); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				g.Install(compiled(program))
			}
		}
	}()
	fmt.Println(g.Addr(), g.ConsoleURL())
	g.Serve(ctx)
	return nil
}

// metrics are the gateway's own, by name and labels.
func (s *soak) metrics() map[string]float64 {
	resp, err := http.Get(s.console + "/metrics")
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	all := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && name != "#" {
			all[name], _ = strconv.ParseFloat(value, 64)
		}
	}
	return all
}

// work has every kind of client work until then, and gives the memory in the middle of
// each tenth of the time, in MB.
func (s *soak) work(until time.Time) (resident []float64) {
	var clients sync.WaitGroup
	for _, behave := range s.behaviours() {
		for range 2 {
			clients.Go(func() {
				for time.Now().Before(until) {
					behave()
				}
			})
		}
	}
	tenth := time.Until(until) / 10
	for sample := time.NewTimer(tenth / 2); len(resident) < 10; sample.Reset(tenth) {
		<-sample.C
		resident = append(resident, s.metrics()["process_resident_memory_bytes"]/1e6)
	}
	clients.Wait()
	return resident
}

// behaviours are the kinds of clients: good ones, whose requests are counted, and others.
func (s *soak) behaviours() []func() {
	all := []func(){
		func() { s.ask("https://"+soakSecure, 5) },
		func() { s.ask("http://"+soakPlain, 5) },
		func() { s.ask("https://"+soakBypassed, 0) },
		func() { s.askFresh() },
		func() { s.other(func() { s.fetch(s.client(), "http://"+soakReset+"/") }) },
		func() { s.slowly() },
		func() { s.other(func() { s.greet("CONNECT " + soakSilent + ":443 HTTP/1.1\r\n\r\n\x00odd") }) },
	}
	var odd []func(net.Conn)
	for _, behave := range manners() {
		odd = append(odd, behave)
	}
	var turn atomic.Int64
	return append(all, func() {
		behave := odd[int(turn.Add(1))%len(odd)]
		s.other(func() {
			c, err := net.Dial("tcp", s.at)
			if err != nil {
				return
			}
			defer c.Close()
			behave(c)
			c.SetReadDeadline(time.Now().Add(time.Second))
			io.Copy(io.Discard, c)
		})
	})
}

func (s *soak) other(work func()) {
	work()
	s.others.Add(1)
}

func (s *soak) client() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		Proxy:           func(*http.Request) (*url.URL, error) { return url.Parse("http://" + s.at) },
		TLSClientConfig: &tls.Config{RootCAs: s.roots, ServerName: soakSecure},
	}}
}

func (s *soak) fetch(c *http.Client, url string) error {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "good")
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// ask requests pages on one connection, the last of them a large one; with counted 0 they
// are not in the log.
func (s *soak) ask(base string, counted int64) {
	c := s.client()
	defer c.CloseIdleConnections()
	for _, path := range []string{"/a", "/b", "/c", "/d", "/bulk"} {
		if err := s.fetch(c, base+path); err != nil {
			s.Errorf("%s%s: %v", base, path, err)
			s.broken.Add(1)
			return
		}
	}
	s.good.Add(counted)
}

// askFresh asks for a page of a name that nobody asked for before.
func (s *soak) askFresh() {
	c := s.client()
	defer c.CloseIdleConnections()
	c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true, ServerName: fmt.Sprintf("n%d.test", s.fresh.Add(1))}
	if err := s.fetch(c, "https://"+soakSecure+"/fresh"); err != nil {
		s.Errorf("fresh name: %v", err)
		s.broken.Add(1)
		return
	}
	s.good.Add(1)
}

// slowly reads a large page bit by bit, and leaves in the middle.
func (s *soak) slowly() {
	s.other(func() {
		c, err := net.Dial("tcp", s.at)
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "GET http://"+soakPlain+"/bulk HTTP/1.1\r\nHost: "+soakPlain+"\r\n\r\n")
		for i := range 20 {
			c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if _, err := c.Read(make([]byte, 1000)); err != nil && i > 0 {
				return
			}
			<-time.After(20 * time.Millisecond)
		}
	})
}

// greet says something and waits a while.
func (s *soak) greet(text string) {
	c, err := net.Dial("tcp", s.at)
	if err != nil {
		return
	}
	defer c.Close()
	io.WriteString(c, text)
	c.SetReadDeadline(time.Now().Add(time.Second))
	io.Copy(io.Discard, c)
}

// settled waits until nothing is under way and gives the metrics of then.
func (s *soak) settled(before map[string]float64) (after map[string]float64) {
	for range 60 {
		after = s.metrics()
		if after["rehearse_connections"] == 0 && after["go_goroutines"] <= before["go_goroutines"]+2 && after["process_open_fds"] <= before["process_open_fds"]+2 {
			return after
		}
		<-time.After(time.Second)
	}
	return after
}

// judge compares what was counted on both sides.
func (s *soak) judge(before, after map[string]float64, resident []float64) {
	if n := after["rehearse_connections"]; n != 0 {
		s.Errorf("%.0f connections never ended", n)
	}
	for name, more := range map[string]float64{"go_goroutines": 4, "process_open_fds": 4} {
		if after[name] > before[name]+more {
			s.Errorf("%s: %.0f before, %.0f after", name, before[name], after[name])
		}
	}
	early, late := slices.Max(resident[1:5]), slices.Max(resident[6:])
	if late > 1.25*early+10 {
		s.Errorf("memory grows: %.1f MB at most in the first half, %.1f in the second", early, late)
	}
	flows, requests := s.logged()
	if want := after["rehearse_connections_total"] - after["rehearse_connections_silent_total"]; float64(flows) != want {
		s.Errorf("the access log knows %d connections, want %.0f: %.0f were taken and %.0f asked for nothing", flows, want, after["rehearse_connections_total"], after["rehearse_connections_silent_total"])
	}
	if want := s.good.Load(); requests != want {
		s.Errorf("the access log has %d good requests, want %d", requests, want)
	}
}

// logged are the connections that the access log has lines of, by the number in their
// transactions' UUIDs, and the good clients' requests that were carried in full.
func (s *soak) logged() (flows int, requests int64) {
	f, err := os.Open(s.log)
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	seen := map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if i := strings.Index(line, `"0000000000000001-`); i >= 0 {
			seen[line[i+18:i+34]] = true
		}
		if strings.Contains(line, ` "good" `) && strings.Contains(line, " TCP_NC_MISS ") && !strings.Contains(line, soakReset) {
			requests++
		}
	}
	return len(seen), requests
}
