package gateway_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

// floor is the least that an intercepting proxy in Go can do: it answers CONNECT,
// terminates TLS on both sides with a leaf minted from the origin's names, and copies
// bytes. It verifies nothing, knows no policy, resumes nothing and writes nothing
// down: what it costs, any other costs at least.
//
// Beside other proxies it runs as a process of its own; its first line is its
// address:
//
//	go test -c -o gateway.test ./proxy/gateway
//	REHEARSE_NAMESPACE_ROLE=floor ./gateway.test 127.0.0.1:0
type floor struct {
	root   *x509.Certificate
	signer *ecdsa.PrivateKey
	key    *ecdsa.PrivateKey // of all leaves
	leaves sync.Map          // name to *tls.Certificate
	serial int64
	mu     sync.Mutex
}

// playFloor listens at an address until ctx ends.
func playFloor(ctx context.Context, at string) error {
	f := &floor{signer: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Floor"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	f.root = must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, template, f.signer.Public(), f.signer))))
	l, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	context.AfterFunc(ctx, func() { l.Close() })
	for {
		c, err := l.Accept()
		if err != nil {
			return nil
		}
		go f.serve(c)
	}
}

func (f *floor) serve(c net.Conn) {
	defer c.Close()
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil || req.Method != http.MethodConnect {
		return
	}
	io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	var server *tls.Conn
	client := tls.Server(c, &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if server, err = tls.Dial("tcp", req.Host, &tls.Config{ServerName: hello.ServerName, InsecureSkipVerify: true}); err != nil {
			return nil, err
		}
		return f.leaf(hello.ServerName, server.ConnectionState().PeerCertificates[0])
	}})
	err = client.Handshake()
	if server != nil {
		defer server.Close()
	}
	if err != nil {
		return
	}
	go func() {
		io.Copy(server, client)
		server.CloseWrite()
	}()
	io.Copy(client, server)
}

// leaf mints once for each name.
func (f *floor) leaf(name string, origin *x509.Certificate) (*tls.Certificate, error) {
	if c, ok := f.leaves.Load(name); ok {
		return c.(*tls.Certificate), nil
	}
	f.mu.Lock()
	f.serial++
	serial := big.NewInt(f.serial)
	f.mu.Unlock()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: origin.Subject, DNSNames: origin.DNSNames, NotBefore: origin.NotBefore, NotAfter: origin.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, f.root, f.key.Public(), f.signer)
	if err != nil {
		return nil, err
	}
	c := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: f.key}
	f.leaves.Store(name, c)
	return c, nil
}
