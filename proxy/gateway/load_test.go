package gateway_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"rehearse/proxy/emulate"
)

// originVariable is the address of the origin where peers have to know it beforehand;
// without, it is a port of its own.
const originVariable = "REHEARSE_ORIGIN"

// measured is the origin behind the proxies that are measured: cheap, and with a
// certificate for each name that it is asked for.
type measured struct {
	at     string
	root   *emulate.Authority
	key    *ecdsa.PrivateKey
	leaves sync.Map
}

func newMeasured() *measured {
	m := &measured{
		root: must(emulate.NewAuthority(emulate.AuthorityConfig{Name: "Public Root", Now: time.Now})),
		key:  must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
	}
	at := os.Getenv(originVariable)
	if at == "" {
		at = "127.0.0.1:0"
	}
	l := must(tls.Listen("tcp", at, &tls.Config{GetCertificate: m.certificate}))
	m.at = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c)
		}
	}()
	return m
}

func (m *measured) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c, ok := m.leaves.Load(hello.ServerName); ok {
		return c.(*tls.Certificate), nil
	}
	leaf, err := m.root.Issue(emulate.Template{Names: []string{hello.ServerName}, Key: m.key.Public()})
	if err != nil {
		return nil, err
	}
	c := &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: m.key, Leaf: leaf}
	m.leaves.Store(hello.ServerName, c)
	return c, nil
}

// answer sends as many bytes as the path says, for each request.
func answer(c net.Conn) {
	defer c.Close()
	in, piece := bufio.NewReaderSize(c, 1024), make([]byte, 64<<10)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		_, rest, _ := strings.Cut(string(line), "/")
		path, _, _ := strings.Cut(rest, " ")
		left, _ := strconv.Atoi(path)
		for len(bytes.TrimSpace(line)) > 0 {
			if line, err = in.ReadSlice('\n'); err != nil {
				return
			}
		}
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", left)
		if left < 1024 {
			_, err = io.WriteString(c, head+strings.Repeat("x", left))
			left = 0
		} else {
			_, err = io.WriteString(c, head)
		}
		for ; left > 0 && err == nil; left -= len(piece) {
			_, err = c.Write(piece[:min(left, len(piece))])
		}
		if err != nil {
			return
		}
	}
}

// secured is a client's connection.
type secured struct {
	*tls.Conn
	in   *bufio.Reader
	host string // of the requests, with the port that CONNECT named
}

// connect makes an intercepted connection for a name, and asks once for a few bytes.
func (m *measured) connect(c *contender, name string) (*secured, error) {
	at := m.at
	if c != nil {
		at = c.at
	}
	raw, err := net.Dial("tcp", at)
	if err != nil {
		return nil, err
	}
	if c != nil && !c.direct {
		fmt.Fprintf(raw, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", m.at, m.at)
		if err := readHead(bufio.NewReaderSize(raw, 512)); err != nil { // the server speaks later
			return nil, errors.Join(err, raw.Close())
		}
	}
	conf := &tls.Config{ServerName: name, InsecureSkipVerify: true}
	if c != nil && c.direct { // sslsplit finds no name in a hello over 1,024 bytes
		conf.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
	}
	t := tls.Client(raw, conf)
	_, port, _ := net.SplitHostPort(m.at)
	s := &secured{t, bufio.NewReaderSize(t, 4<<10), net.JoinHostPort("site.test", port)}
	if err := s.ask(10); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return s, nil
}

func readHead(in *bufio.Reader) error {
	line, err := in.ReadString('\n')
	if err == nil && !strings.Contains(line, " 200 ") {
		return errors.New(strings.TrimSpace(line))
	}
	for ; err == nil && strings.TrimSpace(line) != ""; line, err = in.ReadString('\n') {
	}
	return err
}

// ask requests so many bytes.
func (s *secured) ask(n int) error {
	_, err := fmt.Fprintf(s, "GET /%d HTTP/1.1\r\nHost: %s\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n", n, s.host)
	if err == nil {
		err = readHead(s.in)
	}
	if err == nil {
		buffered := min(n, s.in.Buffered())
		s.in.Discard(buffered)
		err = drain(s.in, n-buffered)
	}
	return err
}

// drain reads n bytes in pieces of a TLS record.
func drain(r io.Reader, n int) error {
	if n == 0 {
		return nil
	}
	buf := make([]byte, 16<<10)
	for n > 0 {
		got, err := r.Read(buf[:min(n, len(buf))])
		if n -= got; err != nil {
			return err
		}
	}
	return nil
}
