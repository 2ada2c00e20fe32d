package lab_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rehearse/simulator/lab"
)

// calls is how many calls sipp makes in one turn.
const calls = 4000

// BenchmarkCalls is how many calls a second go through: sipp calls sipp directly over
// one TCP connection; sipp calls sipp through the front end, over one TLS connection on
// each side, which another process would have to carry for sipp and this one does; and
// callers written here call through the front end, so that what sipp costs is left out.
//
//	go test ./simulator/lab -run '^$' -bench Calls -benchtime 3x
func BenchmarkCalls(b *testing.B) {
	b.Run("sipp to sipp", func(b *testing.B) {
		turns(b, func() {
			at, stop := sippAnswers(b)
			defer stop()
			sippCalls(b, at)
		})
	})
	b.Run("sipp through the front end", func(b *testing.B) {
		l := openLab(b)
		turns(b, func() {
			at, stop := sippAnswers(b)
			defer stop()
			answering := dial(b, at)
			splice(answering, registeredAt(b, l, "bob"))
			sippCalls(b, oncePort(b, registeredAt(b, l, "alice")))
		})
	})
	b.Run("through the front end", func(b *testing.B) {
		l := openLab(b)
		turns(b, func() {
			go answer(registeredAt(b, l, "bob"))
			call(b, registeredAt(b, l, "alice"))
		})
	})
}

// turns runs a turn of calls again and again. Beside the calls in a second it tells
// what one costs of processor time, in this process and in those of sipp: the machine
// may be busy with other things, too.
func turns(b *testing.B, turn func()) {
	done, before := 0, processorTime()
	for b.Loop() {
		turn()
		done += calls
	}
	b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64((processorTime()-before).Microseconds())/float64(done), "cpu-us/call")
}

// processorTime is what this process and its children, those that have ended, took.
func processorTime() (total time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			total += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return total
}

func openLab(b *testing.B) *lab.Lab {
	l, err := lab.Open(lab.Config{Open: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

// registeredAt is a TLS connection to the front end on which a user is registered.
func registeredAt(b *testing.B, l *lab.Lab, name string) net.Conn {
	at := l.Endpoints()["sip"]
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.Root())
	c, err := tls.Dial("tcp", fmt.Sprintf("%s:%d", at.Addr, at.Port), &tls.Config{ServerName: at.Host, RootCAs: roots})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, registerText, name)
	if code, _, err := nextMessage(bufio.NewReader(c)); err != nil || !strings.HasPrefix(code, "SIP/2.0 200") {
		b.Fatal(code, err)
	}
	return c
}

const registerText = "REGISTER sip:contoso.test SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
	"From: <sip:%[1]s@contoso.test>;tag=1\r\nTo: <sip:%[1]s@contoso.test>\r\nCall-ID: register-%[1]s\r\nCSeq: 1 REGISTER\r\n" +
	"Contact: <sip:%[1]s@127.0.0.1;transport=tls>\r\nContent-Length: 0\r\n\r\n"

func dial(b *testing.B, at string) net.Conn {
	for deadline := time.Now().Add(5 * time.Second); ; {
		c, err := net.Dial("tcp", at)
		if err == nil {
			b.Cleanup(func() { c.Close() })
			return c
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
	}
}

// oncePort is a listener that hands its first connection on.
func oncePort(b *testing.B, to net.Conn) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		if c, err := l.Accept(); err == nil {
			splice(c, to)
		}
	}()
	return l.Addr().String()
}

// sippAnswers starts a sipp that answers calls, and gives its address.
func sippAnswers(b *testing.B) (at string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	cmd := sippCommand(b, "-sn", "uas", "-p", port)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	dial(b, "127.0.0.1:"+port).Close()
	return "127.0.0.1:" + port, func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

// sippCalls has sipp make all calls of a turn, 100 at a time.
func sippCalls(b *testing.B, to string) {
	file, err := filepath.Abs(filepath.Join("testdata", "call.xml"))
	if err != nil {
		b.Fatal(err)
	}
	out, err := sippCommand(b, to, "-sf", file, "-m", strconv.Itoa(calls), "-r", "100000", "-rp", "1000", "-l", "100").CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

func sippCommand(b *testing.B, args ...string) *exec.Cmd {
	if _, err := exec.LookPath("sipp"); err != nil {
		b.Skip("sipp is not installed")
	}
	cmd := exec.CommandContext(context.Background(), "sipp", append(args, "-t", "t1", "-i", "127.0.0.1", "-timeout", "60s", "-timeout_error", "-nostdin")...)
	cmd.Dir = b.TempDir()
	return cmd
}

// nextMessage reads a message: its first line, and all of it.
func nextMessage(in *bufio.Reader) (first string, all []byte, err error) {
	body := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", nil, err
		}
		all = append(all, line...)
		switch {
		case first == "":
			first = string(line)
		case len(line) == 2:
			whole := len(all) + body
			all = append(all, make([]byte, body)...)
			_, err = io.ReadFull(in, all[whole-body:])
			return first, all, err
		case len(line) > 15 && strings.EqualFold(string(line[:15]), "content-length:"):
			body, _ = strconv.Atoi(strings.TrimSpace(string(line[15:])))
		}
	}
}

// answer answers every INVITE and BYE, with the headers that they have, and writes when
// there is nothing to read.
func answer(c net.Conn) {
	in, out := bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 16<<10)
	for {
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
		first, all, err := nextMessage(in)
		if err != nil {
			return
		}
		if !strings.HasPrefix(first, "INVITE ") && !strings.HasPrefix(first, "BYE ") {
			continue
		}
		res := []byte("SIP/2.0 200 OK\r\n")
		for line := range bytes.Lines(all[len(first):]) {
			switch name, _, _ := bytes.Cut(line, []byte(":")); strings.ToLower(string(name)) {
			case "via", "from", "call-id", "cseq", "record-route":
				res = append(res, line...)
			case "to":
				res = append(res, bytes.TrimRight(line, "\r\n")...)
				if !bytes.Contains(line, []byte("tag=")) {
					res = append(res, ";tag=b"...)
				}
				res = append(res, "\r\n"...)
			}
		}
		res = append(res, "Contact: <sip:bob@127.0.0.1;transport=tls>\r\nContent-Length: 0\r\n\r\n"...)
		out.Write(res) // Flush has the error
	}
}

// call makes all calls of a turn, 100 at a time.
func call(b *testing.B, c net.Conn) {
	in, out := bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 16<<10)
	request := func(method string, n int) {
		fmt.Fprintf(out, "%[1]s sip:bob@contoso.test SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK%[1]s%[2]d\r\nMax-Forwards: 70\r\n"+
			"From: <sip:alice@contoso.test>;tag=a%[2]d\r\nTo: <sip:bob@contoso.test>\r\nCall-ID: call-%[2]d\r\nCSeq: 1 %[1]s\r\n"+
			"Contact: <sip:alice@127.0.0.1;transport=tls>\r\nContent-Length: 0\r\n\r\n", method, n)
	}
	begun, ended := 0, 0
	for ; begun < 100; begun++ {
		request("INVITE", begun)
	}
	for ended < calls {
		if in.Buffered() == 0 {
			out.Flush()
		}
		first, all, err := nextMessage(in)
		if err != nil {
			b.Fatal(err)
		}
		if strings.HasPrefix(first, "SIP/2.0 1") {
			continue
		}
		if !strings.HasPrefix(first, "SIP/2.0 200 ") {
			b.Fatal(string(all))
		}
		_, rest, _ := strings.Cut(strings.ToLower(string(all)), "call-id: call-")
		id, _, _ := strings.Cut(rest, "\r\n")
		n, _ := strconv.Atoi(id)
		if strings.Contains(string(all), " INVITE\r\n") {
			request("ACK", n)
			request("BYE", n)
			continue
		}
		if ended++; begun < calls {
			request("INVITE", begun)
			begun++
		}
	}
}
