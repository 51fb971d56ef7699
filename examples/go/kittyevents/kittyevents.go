// Package kittyevents records events through kitty-events. It needs nothing but
// the standard library. Take over the way that fits:
//
//   - Emit: one event now and then; starts a process each time;
//   - Pipe: many events; one process, one receipt a line;
//   - Agent: many callers; no process at all, but an agent has to run.
//
// An error means that what became of the event is not known: a draft that has
// an EventID of its own can be sent again, and one event comes of it. In all
// other cases the receipt tells.
package kittyevents

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Draft is an event as a caller tells it.
type Draft struct {
	EventType   string `json:"event_type"`
	Payload     any    `json:"payload"`
	EventID     string `json:"event_id,omitempty"`
	CausationID string `json:"causation_id,omitempty"`
}

// Problem is a place where a draft breaks the contract.
type Problem struct {
	Path     string `json:"path"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
	Hint     string `json:"hint"`
}

// Receipt says what became of a draft.
type Receipt struct {
	EventID      *string   `json:"event_id"`
	LamportClock *int64    `json:"lamport_clock"`
	Status       string    `json:"status"`
	Problems     []Problem `json:"problems"`
	Warning      string    `json:"warning"`
}

// Kept tells whether the event is on disk, or at the server already.
func (r Receipt) Kept() bool {
	switch r.Status {
	case "delivered", "queued", "spooled":
		return true
	}
	return false
}

// Emit records one event: Emit(ctx, "wp-status-changed", "WP01", "planned", "doing").
// The program ends within two seconds by itself; ctx is for callers with less time.
func Emit(ctx context.Context, eventType string, words ...string) (Receipt, error) {
	// In front of the words, which may hold a "--".
	args := append([]string{"emit", eventType, "--json"}, words...)
	command := exec.CommandContext(ctx, "kitty-events", args...)
	var messages bytes.Buffer
	command.Stderr = &messages
	answer, err := command.Output()
	if err != nil {
		// Exit code 64: a mistake in the calling program.
		return Receipt{}, fmt.Errorf("emit %s: %w: %s", eventType, err, messages.Bytes())
	}
	var receipt Receipt
	err = json.Unmarshal(answer, &receipt)
	return receipt, err
}

// Pipe is one `kitty-events emit --stdin` for many events. It may be used by
// several goroutines.
type Pipe struct {
	mutex    sync.Mutex
	command  *exec.Cmd
	drafts   io.WriteCloser
	receipts *bufio.Reader
}

// OpenPipe starts the process. Its messages for people go where this program's
// go.
func OpenPipe() (*Pipe, error) {
	command := exec.Command("kitty-events", "emit", "--stdin")
	command.Stderr = os.Stderr
	drafts, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	receipts, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	return &Pipe{command: command, drafts: drafts, receipts: bufio.NewReader(receipts)}, nil
}

// listening is where the agent says that its socket is: a long home has it elsewhere.
func listening(home string) string {
	var state struct{ Listening string }
	text, err := os.ReadFile(filepath.Join(home, "agent.json"))
	if err == nil && json.Unmarshal(text, &state) == nil && filepath.IsAbs(state.Listening) {
		return state.Listening
	}
	return filepath.Join(home, "agent.sock")
}

// Record records drafts in one go; their receipts come in the same order, once
// the events are on disk. With an error come those that were told until then.
func (p *Pipe) Record(drafts ...Draft) ([]Receipt, error) {
	lines, err := lines(drafts)
	if err != nil {
		return nil, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	// Writing and reading at once: with both pipes full, each side would wait
	// for the other for ever.
	written := make(chan error, 1)
	go func() {
		_, err := p.drafts.Write(lines)
		written <- err
	}()
	receipts := make([]Receipt, 0, len(drafts))
	for range drafts {
		line, err := p.receipts.ReadBytes('\n')
		if err != nil {
			return receipts, fmt.Errorf("kitty-events ended: %w", err)
		}
		var receipt Receipt
		if err := json.Unmarshal(line, &receipt); err != nil {
			return receipts, err
		}
		receipts = append(receipts, receipt)
	}
	return receipts, <-written
}

// Close ends the process once all is recorded.
func (p *Pipe) Close() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.drafts.Close()
	return p.command.Wait()
}

// Agent is a running `kitty-events agent run`.
type Agent struct {
	client http.Client
}

// NewAgent asks the agent of the user's home.
func NewAgent() (*Agent, error) {
	home := os.Getenv("SPEC_KITTY_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		home = filepath.Join(user, ".spec-kitty")
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", listening(home))
	}
	return &Agent{http.Client{Transport: &http.Transport{DialContext: dial}}}, nil
}

// Record records drafts in one request; their receipts come in the same order.
func (a *Agent) Record(ctx context.Context, drafts ...Draft) ([]Receipt, error) {
	lines, err := lines(drafts)
	if err != nil {
		return nil, err
	}
	answer, err := a.ask(ctx, http.MethodPost, "/v1/events", bytes.NewReader(lines))
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	receipts := make([]Receipt, 0, len(drafts))
	for decoder := json.NewDecoder(answer); ; {
		var receipt Receipt
		if err := decoder.Decode(&receipt); errors.Is(err, io.EOF) {
			return receipts, nil
		} else if err != nil {
			return receipts, err
		}
		receipts = append(receipts, receipt)
	}
}

// Status tells how delivery stands, as `kitty-events sync status --json` does.
func (a *Agent) Status(ctx context.Context) (map[string]any, error) {
	answer, err := a.ask(ctx, http.MethodGet, "/v1/status", nil)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	var status map[string]any
	err = json.NewDecoder(answer).Decode(&status)
	return status, err
}

func (a *Agent) ask(ctx context.Context, method, path string, body io.Reader) (io.ReadCloser, error) {
	// The name of the host means nothing, but HTTP wants one.
	request, err := http.NewRequestWithContext(ctx, method, "http://agent"+path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		words, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return nil, fmt.Errorf("the agent answered %s: %s", response.Status, words)
	}
	return response.Body, nil
}

func lines(drafts []Draft) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer) // ends each with a line break
	for _, draft := range drafts {
		if err := encoder.Encode(draft); err != nil {
			return nil, err
		}
	}
	return buffer.Bytes(), nil
}
