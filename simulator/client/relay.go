package client

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v3"

	"rehearse/reports/journal"
	"rehearse/simulator/audio"
)

// Relay lets a second of audio run through a TURN server (RFC 8656) and back: two
// relay addresses are allocated, and what is sent by one comes to the other, which
// sends it on. It goes from address to address of the server, so nobody else is
// needed.
//
// Its stages are resolve and connect, tls and revocation where it is TLS, relay,
// media and done. User and password are the client's.
type Relay struct {
	// Server is "host:port".
	Server string
	// Over is one of RelayTransports.
	Over string
}

// RelayTransports are the ways to a TURN server (RFC 8656 2.1), through an explicit
// proxy but for the first.
var RelayTransports = []string{"udp", "tcp", "tls"}

func (Relay) Name() string   { return "relay" }
func (Relay) failed() string { return "Cannot relay" }
func (Relay) done() string   { return "Audio was relayed and came back" }

func (r Relay) take(w *walk) end {
	w.reach("", journal.StageResolve)
	near, err := w.relay(r)
	if err != nil {
		return end{stop: w.fail(err)}
	}
	defer near.Close()
	far, err := w.errand(w.ctx).relay(r)
	if err != nil {
		return end{stop: w.fail(err)}
	}
	defer far.Close()
	if err := w.through(near, far); err != nil {
		return end{stop: w.fail(err)}
	}
	w.reach(near.name, journal.StageDone)
	return end{media: near.media}
}

// relayed is a relay address with what it takes to have it.
type relayed struct {
	net.PacketConn
	client *turn.Client
	conn   *carrier
	name   string // the flow's
	media  string
}

// Close gives the address back, and hangs up.
func (r *relayed) Close() error {
	err := r.PacketConn.Close()
	r.client.Close()
	r.conn.Close()
	return err
}

// carrier is the way to the server. It remembers how it ended, for pion's client
// forgets that.
type carrier struct {
	net.PacketConn
	mu  sync.Mutex
	err error
}

// ReadFrom implements net.PacketConn.
func (c *carrier) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.PacketConn.ReadFrom(b)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.err = err
	}
	return n, from, err
}

func (c *carrier) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// datagrams is a UDP connection to the server.
type datagrams struct{ net.Conn }

// ReadFrom implements net.PacketConn.
func (d datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := d.Read(b)
	return n, d.RemoteAddr(), err
}

// WriteTo implements net.PacketConn.
func (d datagrams) WriteTo(b []byte, _ net.Addr) (int, error) { return d.Write(b) }

// relay goes to the server and gets a relay address.
func (w *walk) relay(r Relay) (*relayed, error) {
	conn, name, err := w.toRelay(r)
	if err != nil {
		return nil, err
	}
	out := &relayed{conn: &carrier{PacketConn: conn}, name: name, media: journal.MediaTCPRelay}
	if r.Over == "udp" {
		out.media = journal.MediaUDPRelay
	}
	w.reach(name, journal.StageRelay)
	server := conn.(interface{ RemoteAddr() net.Addr }).RemoteAddr().String()
	out.client, err = turn.NewClient(&turn.ClientConfig{
		Conn: out.conn, TURNServerAddr: server, Username: w.conf.User, Password: w.conf.Password, LoggerFactory: speechless{},
	})
	if err == nil {
		err = out.client.Listen()
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("TURN client: %w", err)
	}
	w.record(name, journal.TURNSent{Message: "TURN Allocate request"})
	_ = conn.SetReadDeadline(time.Now().Add(turnLimit))
	if out.PacketConn, err = out.client.Allocate(); err != nil {
		err = w.notAllocated(name, out.conn.ended(), err)
		out.client.Close()
		conn.Close()
		return nil, err
	}
	_ = conn.SetReadDeadline(time.Time{})
	w.record(name, journal.TURNSent{Received: true, Message: "TURN Allocate success response", Note: "relay address " + out.LocalAddr().String()})
	return out, nil
}

// toRelay is the way to the server.
func (w *walk) toRelay(r Relay) (net.PacketConn, string, error) {
	if r.Over == "udp" {
		addr, err := w.resolve(r.Server)
		if err != nil {
			return nil, "", err
		}
		c, err := w.conf.Host.Dial(w.ctx, "udp", addr)
		if err != nil {
			return nil, "", err
		}
		return datagrams{c}, c.LocalAddr().String(), nil
	}
	f, err := w.open(r.Server)
	if err != nil {
		return nil, "", err
	}
	var conn net.Conn = f
	if r.Over == "tls" {
		host, _, _ := net.SplitHostPort(r.Server) // open has split it
		if conn, err = w.secure(f, host); err != nil {
			f.Close()
			return nil, "", err
		}
	}
	return streamed{turn.NewSTUNConn(&turnOnly{Conn: conn}), conn}, f.name, nil
}

// streamed is a TCP or TLS connection with TURN on it, whose messages say how long
// they are.
type streamed struct {
	net.PacketConn
	conn net.Conn
}

// RemoteAddr is where the connection leads.
func (s streamed) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// turnOnly is a connection that ends where the first answer is not TURN's: pion's
// client would wait for what it takes for the rest of it.
type turnOnly struct {
	net.Conn
	known bool
}

// Read implements net.Conn.
func (t *turnOnly) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	if n == 0 || t.known {
		return n, err
	}
	t.known = true
	if b[0] <= 1 { // a STUN message, not channel data
		return n, err
	}
	if code, ok := httpIn(t.Conn, b[:n]); ok {
		return 0, &stop{result: journal.Refused, code: code, note: "an HTTP answer in place of TURN's"}
	}
	return 0, &stop{result: journal.Aborted, code: codeProtocol}
}

var turnError = regexp.MustCompile(`\(error (\d{3}):? ?([^)]*)\)`)

// notAllocated says why there is no relay address: because of how the connection
// ended, or of an error response, or because nothing came.
func (w *walk) notAllocated(name string, ended, err error) error {
	if ended != nil {
		return w.broke(&flow{name: name}, "TURN Allocate request", ended)
	}
	if m := turnError.FindStringSubmatch(err.Error()); m != nil {
		w.record(name, journal.TURNSent{Received: true, Message: "TURN Allocate error response", Note: "error " + m[1] + " " + m[2]})
		return w.refuse("turn_"+m[1], m[2])
	}
	if strings.Contains(err.Error(), "retransmissions") {
		return &stop{stage: w.stage, result: journal.Timeout, code: codeTimeout}
	}
	return w.abort(codeProtocol, err.Error())
}

// through sends audio from one address to the other and back.
func (w *walk) through(near, far *relayed) error {
	w.reach(near.name, journal.StageMedia)
	if err := far.client.CreatePermission(near.LocalAddr()); err != nil {
		return w.refuse(codeNoMedia, err.Error())
	}
	lift := near.until(w, burst*audio.Frame+burstWait)
	defer lift()
	heard := make(chan audio.Meter, 1)
	go near.listen(heard)
	go far.mirror()
	said := audio.Source{ID: source}
	for range burst {
		if _, err := near.WriteTo(said.Next(), far.LocalAddr()); err != nil {
			return err
		}
		if err := w.pause(audio.Frame); err != nil {
			return err
		}
	}
	m := <-heard
	w.record(near.name, journal.MediaFlowed{Path: near.media, Sent: burst, Received: m.Received(), Lost: m.Lost(), JitterMS: int(m.Jitter().Milliseconds())})
	if m.Received() < enough {
		return w.refuse(codeLost, "")
	}
	return nil
}

// until bounds what is read to d.
func (r *relayed) until(w *walk, d time.Duration) (lift func()) {
	at := time.Now().Add(d)
	if t, ok := w.ctx.Deadline(); ok && t.Before(at) {
		at = t
	}
	_ = r.SetReadDeadline(at)
	return func() { _ = r.SetReadDeadline(time.Time{}) }
}

// listen hears a burst, or as much of it as comes in time.
func (r *relayed) listen(heard chan<- audio.Meter) {
	var m audio.Meter
	buf := make([]byte, 2048)
	for m.Received() < burst {
		n, _, err := r.ReadFrom(buf)
		if err != nil {
			break
		}
		m.Add(buf[:n], time.Now())
	}
	heard <- m
}

// mirror sends back what comes, until the address is given back.
func (r *relayed) mirror() {
	back := audio.Source{ID: source + 1}
	buf := make([]byte, 2048)
	for {
		n, from, err := r.ReadFrom(buf)
		if err != nil {
			return
		}
		_, _ = r.WriteTo(back.Again(buf[:n]), from)
	}
}

// speechless is a logger that says nothing: what matters is in the journal.
type speechless struct{}

// NewLogger implements logging.LoggerFactory.
func (speechless) NewLogger(scope string) logging.LeveledLogger {
	return logging.NewDefaultLeveledLoggerForScope(scope, logging.LogLevelDisabled, io.Discard)
}
