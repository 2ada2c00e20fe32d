package lab

import (
	"encoding/json"
	"os"
	"path/filepath"

	"rehearse/simulator/server"
)

// The files that Write makes.
const (
	RootFile      = "root.pem"
	EndpointsFile = "endpoints.json"
)

// Endpoint is where one server can be reached.
type Endpoint struct {
	// Host is the name that the server's certificate is for.
	Host string `json:"host"`
	Addr string `json:"addr"`
	Port uint16 `json:"port"`
	// Network is "tcp", "udp" or, of the DNS server, "udp+tcp".
	Network string `json:"network"`
}

// Endpoints are the estate's by name (see server.Estate.Endpoints), the status host
// as "ocsp" and as "crl", and the DNS server as "dns".
func (l *Lab) Endpoints() map[string]Endpoint {
	out := map[string]Endpoint{}
	for name, e := range l.estate.Endpoints() {
		out[name] = Endpoint{Host: e.Host, Addr: e.Addr.String(), Port: e.Port, Network: e.Network}
	}
	out[OCSP], out[CRL] = out[server.Status], out[server.Status]
	delete(out, server.Status)
	at := l.names.at
	out[DNS] = Endpoint{Host: l.names.host.Name(), Addr: at.Addr().String(), Port: at.Port(), Network: "udp+tcp"}
	return out
}

// Write puts the root certificate and the list of endpoints, with the users and
// their passwords, into a folder, which is made.
func (l *Lab) Write(dir string) error {
	list := map[string]any{"users": l.Users()}
	for name, e := range l.Endpoints() {
		list[name] = e
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, RootFile), l.Root(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, EndpointsFile), append(text, '\n'), 0o644)
}
