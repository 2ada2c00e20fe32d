package fleet

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// ServerConfig is how a coordinator's own server listens.
type ServerConfig struct {
	// Listen is ADDR:PORT; port 0 is any free one.
	Listen string
	// Store is the folder in which the queue and the results lie; a run that was
	// cut short goes on from there. "" is a temporary one.
	Store string
	Token string      // that clients have to give; "" where none is asked for
	TLS   *tls.Config // nil is in clear
}

// Server is a NATS server in this process, with JetStream.
type Server struct {
	server *server.Server
	token  string
	rubble string // the folder to be removed in the end
}

// ErrOpen is a server that anybody could give work to.
var ErrOpen = errors.New("an address that is not loopback needs a token")

// serverReady bounds the start of a server, which reads what its store has.
const serverReady = time.Minute

// Serve starts a server.
func Serve(c ServerConfig) (*Server, error) {
	host, port, err := address(c.Listen)
	if err != nil {
		return nil, err
	}
	if c.Token == "" && !loopback(host) {
		return nil, fmt.Errorf("%s: %w", c.Listen, ErrOpen)
	}
	s := &Server{token: c.Token}
	if c.Store == "" {
		if c.Store, err = os.MkdirTemp("", "rehearse-"); err != nil {
			return nil, err
		}
		s.rubble = c.Store
	}
	opt := &server.Options{
		ServerName: "rehearse", Host: host, Port: port, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: c.Store, Authorization: c.Token,
		TLS: c.TLS != nil, TLSConfig: c.TLS, TLSTimeout: 5,
	}
	if c.TLS != nil {
		opt.TLSVerify = c.TLS.ClientAuth == tls.RequireAndVerifyClientCert
	}
	if s.server, err = server.NewServer(opt); err != nil {
		return nil, errors.Join(err, s.clear())
	}
	s.server.Start()
	if !s.server.ReadyForConnections(serverReady) {
		s.Close()
		return nil, fmt.Errorf("the NATS server on %s does not start; another may have the port, or the store", c.Listen)
	}
	return s, nil
}

// address takes a listening address apart; a NATS server calls any free port -1.
func address(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, fmt.Errorf("listening address %q: want ADDR:PORT", listen)
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("listening address %q: port %q, want 0 to 65535", listen, text)
	}
	if n == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(n), nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.server.Addr().String() }

// Connect gives a connection that goes over no network.
func (s *Server) Connect() (*nats.Conn, error) {
	opt := []nats.Option{nats.InProcessServer(s.server), nats.Name("rehearse coordinate")}
	if s.token != "" {
		opt = append(opt, nats.Token(s.token))
	}
	return nats.Connect("", opt...)
}

// Close ends the server. What lies in its store stays, unless that is temporary.
func (s *Server) Close() error {
	s.server.Shutdown()
	s.server.WaitForShutdown()
	return s.clear()
}

func (s *Server) clear() error {
	if s.rubble == "" {
		return nil
	}
	return os.RemoveAll(s.rubble)
}
