// Records some notes in each way, and prints their receipts.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"example/kitty-events/kittyevents"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	receipts, err := record(ctx)
	isKept := err == nil
	for _, receipt := range receipts {
		isKept = isKept && receipt.Kept()
		if err := json.NewEncoder(os.Stdout).Encode(receipt); err != nil {
			log.Fatal(err)
		}
	}
	if !isKept {
		log.Fatalf("not all were kept: %v", err)
	}
}

func record(ctx context.Context) (receipts []kittyevents.Receipt, err error) {
	receipt, err := kittyevents.Emit(ctx, "history-added", "--", "WP01", "note", "- one shot")
	if err != nil {
		return receipts, err
	}
	receipts = append(receipts, receipt)

	pipe, err := kittyevents.OpenPipe()
	if err != nil {
		return receipts, err
	}
	defer pipe.Close()
	told, err := pipe.Record(note("line 0"), note("line 1"), note("line 2"))
	receipts = append(receipts, told...)
	if err != nil {
		return receipts, err
	}

	agent, err := kittyevents.NewAgent()
	if err != nil {
		return receipts, err
	}
	told, err = agent.Record(ctx, note("by the agent 0"), note("by the agent 1"))
	receipts = append(receipts, told...)
	if err != nil {
		return receipts, err
	}
	status, err := agent.Status(ctx)
	fmt.Fprintln(os.Stderr, "connection:", status["connection"])
	return receipts, err
}

func note(text string) kittyevents.Draft {
	payload := map[string]string{
		"wp_id":         "WP01",
		"entry_type":    "note",
		"entry_content": text,
	}
	return kittyevents.Draft{EventType: "HistoryAdded", Payload: payload}
}
