"""All SQL of inventory: stock, and limits beside it. Every statement that changes a counter writes why."""
