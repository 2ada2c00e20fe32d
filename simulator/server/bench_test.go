package server_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/turn/v3"

	"rehearse/proxy/wire/msturn"
	"rehearse/simulator/pki"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

// roleVariable has the test binary be a relay in place of running tests.
const roleVariable = "REHEARSE_BENCH_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "edge" {
		beEdge()
		return
	}
	os.Exit(m.Run())
}

// beEdge serves an estate on loopback until standard input ends, and says where its
// edge is, and a user name with its password.
func beEdge() {
	w := world.NewLocal()
	p, err := pki.New(pki.Config{Now: time.Now})
	if err != nil {
		panic(err)
	}
	here := func(string) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }
	e, err := server.Start(server.Config{World: w, PKI: p, Now: time.Now, Addr: here, Port: func(string, uint16) uint16 { return 0 }})
	if err != nil {
		panic(err)
	}
	defer e.Close()
	user, password := e.Credentials()
	fmt.Printf("127.0.0.1:%d %x %x\n", e.Endpoints()["edge-udp"].Port, user, password)
	io.Copy(io.Discard, os.Stdin)
}

// BenchmarkRelay is what a relay takes of a processor for one message, 172 bytes of
// data as audio has them: each goes to a peer, which sends it back, and both ways count.
// Our edge by MS-TURN with Send requests, every one of which is verified, and raw to the
// active destination; coturn by TURN channels. Each is a process of its own.
//
//	go test ./simulator/server -run '^$' -bench Relay -benchtime 40000x
func BenchmarkRelay(b *testing.B) {
	b.Run("edge, Send requests", func(b *testing.B) { edgeRelays(b, false) })
	b.Run("edge, active destination", func(b *testing.B) { edgeRelays(b, true) })
	b.Run("coturn, channels", coturnRelays)
}

// window is how many messages are under way at a time.
const window = 16

// echoes sends b.N messages through a relay, each way, and tells what the relay's
// process took. When all that were under way are lost, as many others are sent.
func echoes(b *testing.B, pid int, send func() error, arrived func(within time.Duration) (bool, error)) {
	fill := func(n int) {
		for range n {
			if err := send(); err != nil {
				b.Fatal(err)
			}
		}
	}
	fill(window)
	before := processorTime(pid)
	b.ResetTimer()
	for range b.N {
		came, err := arrived(100 * time.Millisecond)
		switch {
		case err != nil:
			b.Fatal(err)
		case came:
			fill(1)
		default:
			fill(window)
		}
	}
	b.ReportMetric(float64((processorTime(pid)-before).Nanoseconds())/1e3/float64(2*b.N), "cpu-us/message")
}

// echo is a peer that sends everything back.
func echo(b *testing.B) netip.AddrPort {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			c.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// edgeRelays relays by MS-TURN.
func edgeRelays(b *testing.B, active bool) {
	at, user, password, pid := startEdge(b)
	c, err := net.Dial("udp4", at)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 2048)
	read := func(within time.Duration) ([]byte, error) {
		c.SetReadDeadline(time.Now().Add(within))
		n, err := c.Read(buf)
		return buf[:n], err
	}
	key := allocate(b, c, read, user, password)
	data, peer := make([]byte, 172), echo(b)
	message := func(t msturn.Type, more ...msturn.Attribute) []byte {
		m := &msturn.Message{Type: t, TransactionID: [16]byte{1, 2, 3}, Attributes: append([]msturn.Attribute{msturn.VersionICE2, msturn.Username(user)}, more...)}
		m.Sign(key)
		return m.Bytes()
	}
	sent := message(msturn.SendRequest, msturn.DestinationAddress(peer), msturn.Data(data))
	if active {
		c.Write(sent)
		c.Write(message(msturn.SetActiveDestinationRequest, msturn.DestinationAddress(peer)))
		for answered := false; !answered; {
			text, err := read(time.Second)
			if err != nil {
				b.Fatal(err)
			}
			m, err := msturn.Parse(text)
			answered = err == nil && m.Type == msturn.SetActiveDestinationResponse
		}
		sent = data
	}
	echoes(b, pid, func() error { _, err := c.Write(sent); return err }, func(within time.Duration) (bool, error) {
		_, err := read(within)
		if os.IsTimeout(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// allocate gets a relay address and gives the key of its requests.
func allocate(b *testing.B, c net.Conn, read func(time.Duration) ([]byte, error), user, password []byte) msturn.Key {
	ask := func(m *msturn.Message) *msturn.Message {
		c.Write(m.Bytes())
		text, err := read(time.Second)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := msturn.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		return answer
	}
	m := &msturn.Message{Type: msturn.AllocateRequest, TransactionID: [16]byte{1}, Attributes: []msturn.Attribute{msturn.VersionICE2}}
	challenge := ask(m)
	realm, _ := msturn.Find[msturn.Realm](challenge)
	nonce, _ := msturn.Find[msturn.Nonce](challenge)
	key := msturn.NewKey(user, realm, password)
	m.Attributes = append(m.Attributes, msturn.Username(user), realm, nonce)
	m.Sign(key)
	if answer := ask(m); answer.Type != msturn.AllocateResponse {
		b.Fatal(answer)
	}
	return key
}

// startEdge starts the test binary as an edge.
func startEdge(b *testing.B) (at string, user, password []byte, pid int) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleVariable+"=edge")
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) != 3 {
		b.Fatal(line, err)
	}
	user, _ = hex.DecodeString(words[1])
	password, _ = hex.DecodeString(words[2])
	return words[0], user, password, cmd.Process.Pid
}

// coturnRelays relays by TURN, RFC 8656, through coturn.
func coturnRelays(b *testing.B) {
	at, pid := startCoturn(b)
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	client, err := turn.NewClient(&turn.ClientConfig{TURNServerAddr: at, STUNServerAddr: at, Conn: c, Username: "alice", Password: "secret", Realm: "example.test"})
	if err == nil {
		err = client.Listen()
	}
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	var relay net.PacketConn
	for range 50 { // until it listens
		if relay, err = client.Allocate(); err == nil {
			break
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	defer relay.Close()
	data, peer, buf := make([]byte, 172), net.UDPAddrFromAddrPort(echo(b)), make([]byte, 2048)
	echoes(b, pid, func() error { _, err := relay.WriteTo(data, peer); return err }, func(within time.Duration) (bool, error) {
		relay.SetReadDeadline(time.Now().Add(within))
		_, _, err := relay.ReadFrom(buf)
		if err, ok := err.(net.Error); ok && err.Timeout() {
			return false, nil
		}
		return err == nil, err
	})
}

func startCoturn(b *testing.B) (at string, pid int) {
	program, err := exec.LookPath("turnserver")
	if err != nil {
		b.Skip("coturn is not installed")
	}
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	port := c.LocalAddr().(*net.UDPAddr).Port
	c.Close()
	dir := b.TempDir()
	cmd := exec.Command(program, "-n", "--no-cli", "-L", "127.0.0.1", "-p", strconv.Itoa(port), "--no-tls", "--no-dtls", "-a", "-r", "example.test",
		"-u", "alice:secret", "--allow-loopback-peers", "-m", "1", "-b", filepath.Join(dir, "db"), "--pidfile", filepath.Join(dir, "pid"), "--log-file", filepath.Join(dir, "log"))
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return fmt.Sprintf("127.0.0.1:%d", port), cmd.Process.Pid
}

// processorTime is what a process has used of processors, to a hundredth of a second.
func processorTime(pid int) time.Duration {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * (time.Second / 100) // USER_HZ
}
