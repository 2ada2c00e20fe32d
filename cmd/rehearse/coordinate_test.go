//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Two workers, one of them killed while it has a task: the report is that of a
// plain run. All goes over TLS, with a token and with certificates on both sides.
func TestKilledWorkersChangeNothing(t *testing.T) {
	dir := t.TempDir()
	certificateFiles(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secure := []string{"--token-file", "token", "--tls-ca", "cert.pem", "--tls-cert", "cert.pem", "--tls-key", "key.pem"}
	in := func(words ...string) *exec.Cmd {
		c := exec.Command("rehearse", words...)
		c.Dir = dir
		return c
	}
	if out, err := in("run", "2-half-mends", "--report", "json=plain.json").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	coordinator := in(append([]string{"coordinate", "2-half-mends", "--listen", "127.0.0.1:0", "--lease", "1s", "--batch", "4", "--report", "json=fleet.json"}, secure...)...)
	complaints, err := coordinator.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := coordinator.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(complaints)
	line, err := said.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(line, "rehearse worker --server ")
	url, _, _ := strings.Cut(rest, " ")
	if !found || !strings.HasPrefix(url, "tls://127.0.0.1:") {
		t.Fatalf("the coordinator says %q", line)
	}

	killed := in(append([]string{"worker", "--server", url}, secure...)...)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	waitForTask(t, url, dir)
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	second := in(append([]string{"worker", "--server", url, "--idle", "1s"}, secure...)...)
	var out bytes.Buffer
	second.Stdout, second.Stderr = &out, &out
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	more, _ := io.ReadAll(said)
	if err := coordinator.Wait(); err != nil {
		t.Errorf("the coordinator: %v\n%s", err, more)
	}
	if err := second.Wait(); err != nil || !strings.HasPrefix(out.String(), "ready "+url+"\nplayed ") {
		t.Errorf("the second worker: %v\n%s", err, out.String())
	}
	want, err := os.ReadFile(filepath.Join(dir, "plain.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "fleet.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the report has %d bytes, want those of a plain run, %d", len(got), len(want))
	}
}

// waitForTask returns once a worker has a task.
func waitForTask(t *testing.T, url, dir string) {
	t.Helper()
	file := func(name string) string { return filepath.Join(dir, name) }
	c, err := nats.Connect(url, nats.Token("s3cret"), nats.RootCAs(file("cert.pem")), nats.ClientCert(file("cert.pem"), file("key.pem")))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		workers, err := js.Consumer(ctx, "REHEARSE", "workers")
		if err == nil && workers.CachedInfo().NumAckPending > 0 {
			return
		}
	}
	t.Fatal("no worker took a task")
}

// certificateFiles makes cert.pem, which signs itself and is good for both sides on
// this machine, and key.pem.
func certificateFiles(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fleet"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
